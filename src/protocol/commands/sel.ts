/** The System Event Log. IPMI 2.0 rev 1.1, section 31. */
import {
  bits,
  type Codec,
  fixed,
  flag,
  i16,
  ipmiVersion,
  map,
  nameBits,
  names,
  reserved,
  rest,
  u8,
  u16,
  u32,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { selRecord } from '../sel-record.ts'

const eraseInProgress = { 129: 'cannot execute command, SEL erase in progress' }

const storage = { netFn: NetFn.Storage } as const

export const GetSelInfo = command({
  ...storage,
  name: 'Get SEL Info',
  section: '31.2',
  cmd: 0x40,
  privilege: Privilege.User,
  response: {
    /** 1.5 stands for IPMI 2.0, too. */
    version: ipmiVersion,
    entries: u16,
    freeBytes: u16,
    /** Seconds since 1970; FFFFFFFFh when there was none. */
    lastAdded: u32,
    lastErased: u32,
    supports: bits({
      allocationInfo: flag,
      reserve: flag,
      partialAdd: flag,
      delete: flag,
      _: reserved(3),
      overflow: flag,
    }),
  },
})

export const GetSelAllocationInfo = command({
  ...storage,
  name: 'Get SEL Allocation Info',
  section: '31.3',
  cmd: 0x41,
  privilege: Privilege.User,
  response: {
    units: u16,
    unitBytes: u16,
    freeUnits: u16,
    largestFreeUnits: u16,
    maxRecordUnits: u8,
  },
})

export const ReserveSel = command({
  ...storage,
  name: 'Reserve SEL',
  section: '31.4',
  cmd: 0x42,
  privilege: Privilege.User,
  response: { reservationId: u16 },
  errors: eraseInProgress,
})

export const GetSelEntry = command({
  ...storage,
  name: 'Get SEL Entry',
  section: '31.5',
  cmd: 0x43,
  privilege: Privilege.User,
  request: {
    /** 0 when the whole record is read at once. */
    reservationId: u16,
    recordId: u16,
    offset: u8,
    /** FFh: the whole record. */
    count: u8,
  },
  response: {
    /** FFFFh after the last record. */
    nextRecordId: u16,
    data: rest,
  },
  errors: eraseInProgress,
})

export const AddSelEntry = command({
  ...storage,
  name: 'Add SEL Entry',
  section: '31.6',
  cmd: 0x44,
  privilege: Privilege.Operator,
  request: { record: selRecord },
  response: { recordId: u16 },
  errors: { 128: 'operation not supported for this record type', ...eraseInProgress },
})

export const PartialAddSelEntry = command({
  ...storage,
  name: 'Partial Add SEL Entry',
  section: '31.7',
  cmd: 0x45,
  privilege: Privilege.Operator,
  request: {
    reservationId: u16,
    /** 0000h with the first part. */
    recordId: u16,
    offset: u8,
    progress: bits({ state: nameBits(4, { more: 0, last: 1 }), _: reserved(4) }),
    data: rest,
  },
  response: { recordId: u16 },
  errors: { 128: 'record rejected, its length is not the number of bytes written', ...eraseInProgress },
})

export const DeleteSelEntry = command({
  ...storage,
  name: 'Delete SEL Entry',
  section: '31.8',
  cmd: 0x46,
  privilege: Privilege.Operator,
  request: { reservationId: u16, recordId: u16 },
  response: { recordId: u16 },
  errors: { 128: 'operation not supported for this record type', ...eraseInProgress },
})

export const ClearSel = command({
  ...storage,
  name: 'Clear SEL',
  section: '31.9',
  cmd: 0x47,
  privilege: Privilege.Operator,
  request: {
    reservationId: u16,
    _c: fixed(0x43),
    _l: fixed(0x4c),
    _r: fixed(0x52),
    action: names({ initiate: 0xaa, getStatus: 0x00 }),
  },
  response: { erasure: bits({ progress: nameBits(4, { inProgress: 0, completed: 1 }), _: reserved(4) }) },
})

export const GetSelTime = command({
  ...storage,
  name: 'Get SEL Time',
  section: '31.10',
  cmd: 0x48,
  privilege: Privilege.User,
  /** Seconds since 1970; up to 20000000h since the BMC's start. */
  response: { time: u32 },
})

export const SetSelTime = command({
  ...storage,
  name: 'Set SEL Time',
  section: '31.11',
  cmd: 0x49,
  privilege: Privilege.Operator,
  request: { time: u32 },
})

/** Minutes from -1440 to 1440; 7FFh is written as undefined: the SEL time is local and its offset unknown. */
const utcOffset: Codec<number | undefined> = map(
  i16,
  raw => (raw === 0x07ff ? undefined : raw),
  value => value ?? 0x07ff,
)

export const GetSelTimeUtcOffset = command({
  ...storage,
  name: 'Get SEL Time UTC Offset',
  section: '31.11a',
  cmd: 0x5c,
  privilege: Privilege.User,
  response: { minutes: utcOffset },
})

export const SetSelTimeUtcOffset = command({
  ...storage,
  name: 'Set SEL Time UTC Offset',
  section: '31.11b',
  cmd: 0x5d,
  privilege: Privilege.Operator,
  request: { minutes: utcOffset },
})

const auxiliaryLog = bits({ type: nameBits(4, { mca: 0, oem1: 1, oem2: 2 }), _: reserved(4) })

export const GetAuxiliaryLogStatus = command({
  ...storage,
  name: 'Get Auxiliary Log Status',
  section: '31.12',
  cmd: 0x5a,
  privilege: Privilege.User,
  request: { log: auxiliaryLog },
  response: {
    /** Seconds since 1970 of the last entry. */
    time: u32,
    /** MCA: the number of entries in four bytes; OEM: manufacturer ID and what it defines. */
    data: rest,
  },
})

export const SetAuxiliaryLogStatus = command({
  ...storage,
  name: 'Set Auxiliary Log Status',
  section: '31.13',
  cmd: 0x5b,
  privilege: Privilege.Admin,
  request: { log: auxiliaryLog, time: u32, data: rest },
})
