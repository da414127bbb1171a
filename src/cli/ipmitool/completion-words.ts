/** What ipmitool 1.8.19 calls completion codes, recorded from its output, its slips included. */
import { unknown } from './manufacturers.ts'

const words: Readonly<Record<number, string>> = {
  0: 'Command completed normally',
  192: 'Node busy',
  193: 'Invalid command',
  194: 'Invalid command on LUN',
  195: 'Timeout',
  196: 'Out of space',
  197: 'Reservation cancelled or invalid',
  198: 'Request data truncated',
  199: 'Request data length invalid',
  200: 'Request data field length limit exceeded',
  201: 'Parameter out of range',
  202: 'Cannot return number of requested data bytes',
  203: 'Requested sensor, data, or record not found',
  204: 'Invalid data field in request',
  205: 'Command illegal for specified sensor or record type',
  206: 'Command response could not be provided',
  207: 'Cannot execute duplicated request',
  208: 'SDR Repository in update mode',
  209: 'Device firmeware in update mode',
  210: 'BMC initialization in progress',
  211: 'Destination unavailable',
  212: 'Insufficient privilege level',
  213: 'Command not supported in present state',
  214: 'Cannot execute command, command disabled',
  255: 'Unspecified error',
}

export function completionWords(code: number): string {
  return words[code] ?? unknown(code)
}
