/** The SDR repository. IPMI 2.0 rev 1.1, section 33. */
import {
  bits,
  fixed,
  flag,
  ipmiVersion,
  low,
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

const storage = { netFn: NetFn.Storage } as const

/** Record IDs that stand for a place in the repository. Section 33.12. */
export const SdrRecordId = { First: 0x0000, Last: 0xffff } as const

export const GetSdrRepositoryInfo = command({
  ...storage,
  name: 'Get SDR Repository Info',
  section: '33.9',
  cmd: 0x20,
  privilege: Privilege.User,
  response: {
    /** 1.5 stands for IPMI 2.0, too. */
    version: ipmiVersion,
    records: u16,
    /** FFFEh: 64 KiB less 2 or more; FFFFh: unspecified. */
    freeBytes: u16,
    /** Seconds since 1970; FFFFFFFFh when there was none. */
    lastAdded: u32,
    lastErased: u32,
    supports: bits({
      allocationInfo: flag,
      reserve: flag,
      partialAdd: flag,
      delete: flag,
      _: reserved(1),
      update: nameBits(2, { unspecified: 0, nonModal: 1, modal: 2, both: 3 }),
      overflow: flag,
    }),
  },
})

export const GetSdrRepositoryAllocationInfo = command({
  ...storage,
  name: 'Get SDR Repository Allocation Info',
  section: '33.10',
  cmd: 0x21,
  privilege: Privilege.User,
  response: { units: u16, unitBytes: u16, freeUnits: u16, largestFreeUnits: u16, maxRecordUnits: u8 },
})

export const ReserveSdrRepository = command({
  ...storage,
  name: 'Reserve SDR Repository',
  section: '33.11',
  cmd: 0x22,
  privilege: Privilege.User,
  response: { reservationId: u16 },
})

export const GetSdr = command({
  ...storage,
  name: 'Get SDR',
  section: '33.12',
  cmd: 0x23,
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
})

export const AddSdr = command({
  ...storage,
  name: 'Add SDR',
  section: '33.13',
  cmd: 0x24,
  privilege: Privilege.Operator,
  /** A whole record, header included; the BMC gives the record ID. */
  request: { record: rest },
  response: { recordId: u16 },
})

export const PartialAddSdr = command({
  ...storage,
  name: 'Partial Add SDR',
  section: '33.14',
  cmd: 0x25,
  privilege: Privilege.Operator,
  request: {
    reservationId: u16,
    /** 0000h with the first part. */
    recordId: u16,
    offset: u8,
    progress: low(nameBits(4, { more: 0, last: 1 })),
    data: rest,
  },
  response: { recordId: u16 },
  errors: { 128: 'record rejected, its length is not the number of bytes written' },
})

export const DeleteSdr = command({
  ...storage,
  name: 'Delete SDR',
  section: '33.15',
  cmd: 0x26,
  privilege: Privilege.Operator,
  request: { reservationId: u16, recordId: u16 },
  response: { recordId: u16 },
})

export const ClearSdrRepository = command({
  ...storage,
  name: 'Clear SDR Repository',
  section: '33.16',
  cmd: 0x27,
  privilege: Privilege.Operator,
  request: {
    reservationId: u16,
    _c: fixed(0x43),
    _l: fixed(0x4c),
    _r: fixed(0x52),
    action: names({ initiate: 0xaa, getStatus: 0x00 }),
  },
  response: { progress: low(nameBits(4, { inProgress: 0, completed: 1 })) },
})

export const GetSdrRepositoryTime = command({
  ...storage,
  name: 'Get SDR Repository Time',
  section: '33.17',
  cmd: 0x28,
  privilege: Privilege.User,
  /** Seconds since 1970. */
  response: { time: u32 },
})

export const SetSdrRepositoryTime = command({
  ...storage,
  name: 'Set SDR Repository Time',
  section: '33.18',
  cmd: 0x29,
  privilege: Privilege.Operator,
  request: { time: u32 },
})

export const EnterSdrRepositoryUpdateMode = command({
  ...storage,
  name: 'Enter SDR Repository Update Mode',
  section: '33.19',
  cmd: 0x2a,
  privilege: Privilege.Operator,
})

export const ExitSdrRepositoryUpdateMode = command({
  ...storage,
  name: 'Exit SDR Repository Update Mode',
  section: '33.20',
  cmd: 0x2b,
  privilege: Privilege.Operator,
})

export const RunInitializationAgent = command({
  ...storage,
  name: 'Run Initialization Agent',
  section: '33.21',
  cmd: 0x2c,
  privilege: Privilege.Operator,
  request: { action: low(nameBits(1, { getStatus: 0, run: 1 })) },
  response: { isCompleted: low(flag) },
})
