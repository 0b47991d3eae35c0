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
import type { ClientBreakpoint, WatchedData } from './breakpointTable.ts';
import type { Debuggee } from './debuggee.ts';
import { trapName } from './trapText.ts';
import { hex } from './variableViews.ts';
import { endTexts, stopTexts } from '../messages/dap.ts';
import { textFor as textOfError } from '../messages/userError.ts';
import { exceptionFilterTexts, trapTexts } from '../messages/traps.ts';

type StoppedBody = DebugProtocol.StoppedEvent['body'];

/** The thread ID of hart 0. The IDs start at 1, because a thread ID must not be 0. */
export const THREAD_ID = 1;

export const threadOf = (hart: number): number => THREAD_ID + hart;

/** The body of a `stopped` event. The editor shows `description`. */
export function stoppedBody(debuggee: Debuggee, stop: StopReason): StoppedBody {
  const text = textFor(debuggee, stop);
  const problem = conditionProblem(debuggee, stop);
  return {
    ...{ threadId: threadOf(debuggee.currentHart), allThreadsStopped: true },
    ...text,
    ...(problem && { description: problem, text: problem }),
  };
}

/** Why a breakpoint's condition could not be evaluated; undefined if there was no such error. */
export function conditionProblem({ breakpoints }: Debuggee, stop: StopReason): string | undefined {
  const [first] = 'errors' in stop ? (stop.errors ?? []) : [];
  return (
    first && stopTexts.withoutValue(breakpoints.get(first.id)?.condition ?? '', textOfError(first.error, 'editor'))
  );
}

type StoppedText = Omit<StoppedBody, 'threadId' | 'allThreadsStopped'>;

function textFor(debuggee: Debuggee, stop: StopReason): StoppedText {
  switch (stop.kind) {
    case 'entry':
    case 'step':
    case 'pause':
      return { reason: stop.kind };
    case 'goto':
      return { reason: 'goto', description: stopTexts.atPosition(debuggee.session.position) };
    case 'breakpoint':
      return breakpointText(debuggee, stop.ids);
    case 'trap':
      return trapText(debuggee, stop);
    case 'hit':
      return hitText(debuggee, stop.hits);
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

/** Removes duplicates: one step can hit the same breakpoint several times, for example with several disk requests. */
const distinct = (ids: readonly number[]): number[] => [...new Set(ids)];

function breakpointText({ breakpoints, session }: Debuggee, ids: readonly BreakpointId[]): StoppedText {
  const hit = ids.flatMap((id) => breakpoints.get(id) ?? []);
  const hitBreakpointIds = distinct(hit.map(({ id }) => id));
  const panic = hit.find(({ kind }) => kind === 'exception')?.label;
  if (panic) return { ...panicText(panic), hitBreakpointIds };
  const count = ids[0] === undefined ? undefined : session.stopPoints.hitCount(ids[0]);
  const description = count === undefined ? {} : { description: stopTexts.breakpointHit(count) };
  return { reason: hit[0]?.kind ?? 'breakpoint', hitBreakpointIds, ...description };
}

const panicText = (label: string): StoppedText => ({
  reason: 'exception',
  description: exceptionFilterTexts.guestPanic(),
  text: trapTexts.guestPanic(label),
});

/** Contains the trap's name, cause and value. The editor requests further details with `exceptionInfo`. */
function trapText(debuggee: Debuggee, { trap, ids }: Extract<StopReason, { kind: 'trap' }>): StoppedText {
  const hitBreakpointIds = distinct(ids.flatMap((id) => debuggee.breakpoints.get(id)?.id ?? []));
  const text =
    trap.kind === 'exception' ? trapTexts.exception(trapName(trap), trap.cause, hex(trap.tval)) : trapName(trap);
  return { reason: 'exception', description: trapName(trap), text, hitBreakpointIds };
}

function hitText(debuggee: Debuggee, hits: readonly StepHit[]): StoppedText {
  const known = hits.flatMap((hit) => {
    const breakpoint = debuggee.breakpoints.get(hit.id);
    return breakpoint ? [{ breakpoint, text: textOfHit(debuggee, breakpoint, hit) }] : [];
  });
  const hitBreakpointIds = distinct(known.map(({ breakpoint }) => breakpoint.id));
  const panic = known.find(({ breakpoint }) => breakpoint.kind === 'exception')?.breakpoint.label;
  if (panic) return { ...panicText(panic), hitBreakpointIds };
  const text = known.map((one) => one.text).join('; ');
  return { reason: known[0]?.breakpoint.kind ?? 'data breakpoint', description: text, text, hitBreakpointIds };
}

function textOfHit(debuggee: Debuggee, { data, label = '' }: ClientBreakpoint, hit: StepHit): string {
  switch (hit.kind) {
    case 'access':
      return data ? accessText(debuggee, data, hit) : label;
    case 'register':
      return stopTexts.changed({ label, before: hex(hit.oldValue), after: hex(hit.newValue) });
    case 'disk':
      return stopTexts.diskRequest(hit.request);
    case 'console':
      return stopTexts.printed(label);
  }
}

/**
 * Describes an access to watched data. For a write, the old value comes first and the new value second, even after a
 * backward run, which stops before the write.
 */
function accessText(debuggee: Debuggee, data: WatchedData, { access, oldBytes, newBytes }: WatchHit): string {
  const { label } = data;
  const value = shown(debuggee, data, oldBytes);
  if (access === 'read') return stopTexts.isRead({ label, value });
  return stopTexts.isWritten({ label, before: value, after: shown(debuggee, data, newBytes) });
}

/** Formats bytes as a value of the watched variable: reads the variable as if memory contained these bytes. */
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
      // This symbol file does not define the type, but another one may.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
}

/**
 * An expression for a value of the given type at an address. For an array, the expression contains the element type and
 * the number of elements: `*(char *)0x80000000@16`.
 */
function valueAt(address: bigint, type: string): string {
  const array = /^([^[]*?) ?\[(\d+)\]$/.exec(type);
  return array ? `*(${array[1]} *)${hex(address)}@${array[2]}` : `*(${type} *)${hex(address)}`;
}
