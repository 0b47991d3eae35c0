import { counted } from './shown.ts';

/** The human-readable text that `dump` prints for one event of a recording's log, without the position. */
export const logEntryTexts = {
  clockJump: (nanoseconds: number | bigint) => `clock jump of ${nanoseconds} ns`,
  memoryWrite: (address: string, bytes: string) => `debugger writes memory at ${address}: ${bytes}`,
  registerWrite: (register: string | number, value: string) => `debugger writes register ${register}: ${value}`,
  request: (drive: string, id: number, operation: string) => `drive ${drive} request ${id}: ${operation}`,
  requestAt: (request: string, lengthBytes: number, where: string) =>
    `${request} of ${counted(lengthBytes, 'byte')} at ${where}`,
  completion: (drive: string, id: number, status: string) => `drive ${drive} request ${id} done: ${status}`,
  completionWith: (completion: string, digest: string) => `${completion}, data ${digest}`,
  digest: (parts: readonly string[]) => `digest ${parts.join(', ')}`,
  snapshot: (name: string) => `snapshot "${name}"`,
  reached: () => 'reached: no other events up to this position',
  end: (reason: string, guestExit: number | undefined) =>
    `end: ${reason}${guestExit === undefined ? '' : `, guest exit ${guestExit}`}`,
  sector: (sector: number) => `sector ${sector}`,
  byte: (offset: number) => `byte ${offset}`,
};
