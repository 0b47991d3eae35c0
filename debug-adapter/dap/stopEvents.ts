import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  type BreakpointId,
  type End,
  type FrameView,
  frameViewOf,
  type StepHit,
  type StopReason,
  UserError,
  type WatchHit,
} from '../engine/index.ts';
import type { WatchedData } from './breakpointTable.ts';
import type { Debuggee } from './debuggee.ts';
import { hex } from './variableViews.ts';
import { endTexts, stopTexts } from '../messages/dap.ts';

type StoppedBody = DebugProtocol.StoppedEvent['body'];

/** The thread ID of hart 0. The IDs start at 1, because a thread ID must not be 0. */
export const THREAD_ID = 1;

export const threadOf = (hart: number): number => THREAD_ID + hart;

/** The body of a `stopped` event. The editor shows `description`. */
export function stoppedBody(debuggee: Debuggee, stop: StopReason): StoppedBody {
  return { threadId: threadOf(debuggee.currentHart), allThreadsStopped: true, ...textFor(debuggee, stop) };
}

type StoppedText = Omit<StoppedBody, 'threadId' | 'allThreadsStopped'>;

function textFor(debuggee: Debuggee, stop: StopReason): StoppedText {
  switch (stop.kind) {
    case 'entry':
    case 'step':
    case 'pause':
    case 'goto':
      return { reason: stop.kind };
    case 'breakpoint':
      return breakpointText(debuggee, stop.ids);
    case 'trap':
      return { reason: 'exception' };
    case 'hit':
      return dataText(debuggee, stop.hits);
    case 'startOfRecording':
      return { reason: 'entry', description: stopTexts.startOfRecording() };
    case 'endOfRecording':
      return { reason: 'pause', description: stopTexts.endOfRecording() };
    case 'ended':
      return { reason: 'pause', description: endText(stop.end), text: stopTexts.endOfRecording() };
  }
}

export function endText({ reason, guestExit }: End): string {
  switch (reason) {
    case 'powerOff':
      return endTexts.powerOff();
    case 'guestFailed':
      return endTexts.guestFailed(guestExit);
    case 'reset':
      return endTexts.reset();
    case 'waitsForever':
      return endTexts.haltedForever();
    case 'stopAt':
    case 'endOfRecording':
    case 'interrupted':
      return endTexts.endOfRecording();
  }
}

function breakpointText({ breakpoints }: Debuggee, ids: readonly BreakpointId[]): StoppedText {
  const hit = ids.flatMap((id) => breakpoints.get(id) ?? []);
  return { reason: hit[0]?.kind ?? 'breakpoint', hitBreakpointIds: hit.map(({ id }) => id) };
}

function dataText(debuggee: Debuggee, hits: readonly StepHit[]): StoppedText {
  const known = hits.flatMap((hit) => {
    const breakpoint = debuggee.breakpoints.get(hit.id);
    return breakpoint?.data && hit.kind === 'access'
      ? [{ id: breakpoint.id, text: accessText(debuggee, breakpoint.data, hit) }]
      : [];
  });
  const text = known.map((one) => one.text).join('; ');
  return { reason: 'data breakpoint', description: text, text, hitBreakpointIds: known.map(({ id }) => id) };
}

/**
 * Describes an access to watched data. The values before and after a write are in the order of guest time, even after a
 * backward run, which stops before the write.
 */
function accessText(debuggee: Debuggee, data: WatchedData, { access, oldBytes, newBytes }: WatchHit): string {
  const { label } = data;
  const value = shown(debuggee, data, oldBytes);
  if (access === 'read') return stopTexts.isRead({ label, value });
  return stopTexts.isWritten({ label, before: value, after: shown(debuggee, data, newBytes) });
}

/** Formats bytes as a value of the watched variable, by reading the variable with these bytes in place of memory. */
function shown(debuggee: Debuggee, { address, type }: WatchedData, bytes: Uint8Array): string {
  const view = frameViewOf(debuggee.session.inspector);
  const isWatched = (at: bigint, lengthBytes: number) =>
    at >= address && at + BigInt(lengthBytes) <= address + BigInt(bytes.length);
  const readMemory: FrameView['readMemory'] = (at, lengthBytes) => {
    const offset = Number(at - address);
    return isWatched(at, lengthBytes) ? bytes.slice(offset, offset + lengthBytes) : view.readMemory(at, lengthBytes);
  };
  for (const symbols of debuggee.symbols.files) {
    try {
      const frame = symbols.innermostFrame({ ...view, readMemory });
      const evaluation = symbols.evaluate(valueAt(address, type), frame);
      if (evaluation.kind === 'value') return evaluation.value.text;
    } catch (error) {
      // The type is unknown in this file. Another symbol file may define it.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
}

/**
 * An expression for a value of the given type at an address. For an array, it contains the element type and the number
 * of elements: `*(char *)0x80000000@16`.
 */
function valueAt(address: bigint, type: string): string {
  const array = /^([^[]*?) ?\[(\d+)\]$/.exec(type);
  return array ? `*(${array[1]} *)${hex(address)}@${array[2]}` : `*(${type} *)${hex(address)}`;
}
