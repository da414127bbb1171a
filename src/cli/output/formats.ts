/** The formats that data is printed in. */
export const formats = ['table', 'json', 'ndjson', 'csv', 'yaml', 'ipmitool'] as const
export type Format = (typeof formats)[number]
