/** Registers, states and codes of the KCS interface, as host and BMC both know them. IPMI 2.0 rev 1.1, sections 9.3 to 9.10. */

/** Offsets from the base address. Section 9.3. */
export const KcsRegister = { Data: 0, CommandStatus: 1 } as const

/** Bits of the status register. Section 9.5, table 9-1. */
export const KcsStatus = { OBF: 0x01, IBF: 0x02, SMS_ATN: 0x04, CommandData: 0x08, StateMask: 0xc0 } as const

/** The state bits. Section 9.7, table 9-2. */
export const KcsState = { Idle: 0x00, Read: 0x40, Write: 0x80, Error: 0xc0 } as const

/** Control codes. Section 9.10, table 9-3. */
export const KcsControl = { GetStatusAbort: 0x60, WriteStart: 0x61, WriteEnd: 0x62, Read: 0x68 } as const

/** What the host reads after an abort. Section 9.10, table 9-4. */
export const KcsErrorCode = {
  None: 0x00,
  Aborted: 0x01,
  IllegalControlCode: 0x02,
  Length: 0x06,
  Unspecified: 0xff,
} as const
