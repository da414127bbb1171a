/** Time stamps as BMCs give them, and times as they are written. IPMI 2.0 rev 1.1, section 37. */

/** Those up to this one count seconds since the BMC's start. */
export const LAST_SINCE_START = 0x20000000
export const UNSPECIFIED_TIME = 0xffffffff

/** ISO 8601 in UTC: `2026-11-25T09:00:00Z` */
export function isoTime(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z')
}
