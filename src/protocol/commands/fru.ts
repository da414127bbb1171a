/** Reading and writing FRU inventory areas. IPMI 2.0 rev 1.1, section 34. */
import { low, nameBits, rest, u8, u16 } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const busy = { 129: 'FRU device busy' }

export const GetFruInventoryAreaInfo = command({
  name: 'Get FRU Inventory Area Info',
  section: '34.1',
  netFn: NetFn.Storage,
  cmd: 0x10,
  privilege: Privilege.User,
  request: { fruId: u8 },
  response: {
    sizeBytes: u16,
    /** What offset and count of Read and Write FRU Data count. */
    unit: low(nameBits(1, { byte: 0, word: 1 })),
  },
})

export const ReadFruData = command({
  name: 'Read FRU Data',
  section: '34.2',
  netFn: NetFn.Storage,
  cmd: 0x11,
  privilege: Privilege.User,
  request: { fruId: u8, offset: u16, count: u8 },
  /** `count` in the area's unit; `data` are as many. */
  response: { count: u8, data: rest },
  errors: busy,
})

export const WriteFruData = command({
  name: 'Write FRU Data',
  section: '34.3',
  netFn: NetFn.Storage,
  cmd: 0x12,
  privilege: Privilege.Operator,
  request: { fruId: u8, offset: u16, data: rest },
  response: { count: u8 },
  errors: { 128: 'write-protected offset', ...busy },
})
