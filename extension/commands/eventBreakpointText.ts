import type { ConsoleBreakpoint, DiskBreakpoint, EventBreakpoint } from '../../debug-adapter/dap/customProtocol.ts';
import { CONSOLE_TEXT_BYTES_MAX } from '../../debug-adapter/engine/limits.ts';
import {
  breakpointLabels,
  consoleTextEmpty,
  consoleTextTooLong,
  sectorsOutside,
  sectorsUnclear,
} from '../../debug-adapter/messages/extension.ts';

export type DiskRequest = NonNullable<DiskBreakpoint['requests']>[number];

/** All kinds of disk requests, in the order in which they are offered. */
export const DISK_REQUESTS: readonly DiskRequest[] = ['read', 'write', 'flush'];

/**
 * The disk breakpoint that the user described. `sectors` is a sector (`2048`), an inclusive range (`2048-4095`), or
 * empty for the whole disk; `sectorsProblem` rejects anything else. A flush does not refer to sectors, so flushes are
 * left out if sectors are given.
 */
export function diskBreakpoint(typed: {
  drive: string | undefined;
  requests: readonly DiskRequest[];
  sectors: string;
}): DiskBreakpoint {
  const { drive, requests } = typed;
  const range = rangeIn(typed.sectors);
  if (!range) return { kind: 'disk', drive, requests: [...requests] };
  const sectors = { first: range.first, count: range.last - range.first + 1 };
  return { kind: 'disk', drive, sectors, requests: requests.filter(hasSectors) };
}

export const hasSectors = (request: DiskRequest): boolean => request !== 'flush';

/**
 * Describes what is wrong with the sectors that the user typed; undefined if they are valid. `last` is the last sector
 * of the disk, if known.
 */
export function sectorsProblem(text: string, last = Number.MAX_SAFE_INTEGER - 1): string | undefined {
  if (text.trim() === '') return undefined;
  const range = rangeIn(text);
  if (!range || range.first > range.last) return sectorsUnclear();
  return range.last > last ? sectorsOutside(last) : undefined;
}

function rangeIn(text: string): { first: number; last: number } | undefined {
  const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(text);
  if (!match) return undefined;
  const [, first, last = first] = match;
  return { first: Number(first), last: Number(last) };
}

/** Describes what is wrong with the text of a console breakpoint; undefined if the text is valid. */
export function consoleTextProblem(text: string): string | undefined {
  if (text === '') return consoleTextEmpty();
  const { length } = new TextEncoder().encode(text);
  return length > CONSOLE_TEXT_BYTES_MAX ? consoleTextTooLong(CONSOLE_TEXT_BYTES_MAX) : undefined;
}

/** One line that describes a breakpoint. */
export function breakpointLabel(breakpoint: EventBreakpoint): string {
  return breakpoint.kind === 'disk' ? diskLabel(breakpoint) : consoleLabel(breakpoint);
}

function diskLabel({ drive, sectors, requests }: DiskBreakpoint): string {
  const range = sectors && { first: sectors.first, last: sectors.first + sectors.count - 1 };
  return breakpointLabels.disk({ drive, requests: requests ?? DISK_REQUESTS, range });
}

const consoleLabel = ({ text }: ConsoleBreakpoint): string => breakpointLabels.console(text);
