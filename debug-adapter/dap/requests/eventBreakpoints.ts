import type { DebugProtocol } from '@vscode/debugprotocol';
import { type DiskRequestKind, limits, type StopPointKind, UserError } from '../../engine/index.ts';
import { driveUnknown, notWithoutDebugging, requestMalformed } from '../../messages/dap.ts';
import { expected } from '../../messages/expected.ts';
import { quoted } from '../../messages/shown.ts';
import { textFor } from '../../messages/userError.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { detailsOf, type DetailTexts, detailTexts } from '../stopPointDetails.ts';

const LIST = 'events';
const REQUESTS: readonly DiskRequestKind[] = ['read', 'write', 'flush'];
const KINDS = ['disk', 'console'] as const;

/** Executes `blkreplay/setEventBreakpoints`. */
export function setEventBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]): object {
  const wanted = args.list('breakpoints').map((one) => ({ ...eventOf(one), texts: detailTexts(one) }));
  debuggee.breakpoints.clear(LIST);
  return { breakpoints: wanted.map((one, i) => setOne(debuggee, { id: ids[i], ...one })) };
}

interface Event {
  what: StopPointKind;
  /** The text that a console breakpoint waits for. */
  label?: string;
}

function setOne(
  debuggee: Debuggee,
  { id, what, label, texts }: Event & { id: number; texts: DetailTexts },
): DebugProtocol.Breakpoint {
  const { breakpoints, configuration, session } = debuggee;
  if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
  const drive = what.kind === 'disk' ? what.drive : undefined;
  const drives = session.target.disks.map((disk) => disk.id);
  if (drive !== undefined && !drives.includes(drive)) {
    return { id, verified: false, message: driveUnknown(drive, drives) };
  }
  try {
    const point = session.stopPoints.add({ what, ...detailsOf(debuggee, texts) });
    const shown = { id, verified: true };
    breakpoints.add(LIST, point, { id, kind: 'event breakpoint', label, condition: texts.condition, shown });
    return shown;
  } catch (error) {
    if (error instanceof UserError) return { id, verified: false, message: textFor(error, 'editor') };
    throw error;
  }
}

function eventOf(one: Arguments): Event {
  switch (one.text('kind')) {
    case 'disk':
      return { what: diskOf(one) };
    case 'console':
      return consoleOf(one);
    default:
      throw malformed(one, 'kind', expected.oneOf(KINDS));
  }
}

function diskOf(one: Arguments): StopPointKind {
  const requests = one.texts('requests');
  const isKnown = (request: string): request is DiskRequestKind => (REQUESTS as readonly string[]).includes(request);
  if (!requests.every(isKnown)) throw malformed(one, 'requests', expected.someOf(REQUESTS));
  const sectors = one.optionalObject('sectors');
  const first = sectors?.integer('first') ?? 0;
  const count = sectors?.integer('count') ?? 1;
  if (first < 0 || count < 1) throw malformed(one, 'sectors', expected.sectors());
  return {
    ...{ kind: 'disk', drive: one.optionalText('drive') },
    ...(sectors && { sectors: { first, count } }),
    requests: requests.length > 0 ? requests : REQUESTS,
  };
}

function consoleOf(one: Arguments): Event {
  const label = one.text('text');
  const text = new TextEncoder().encode(label);
  const bytesMax = limits.CONSOLE_TEXT_BYTES_MAX;
  if (text.length === 0 || text.length > bytesMax) throw malformed(one, 'text', expected.consoleText(bytesMax));
  return { what: { kind: 'console', text }, label: quoted(label) };
}

const malformed = ({ command }: Arguments, argument: string, expected: string) =>
  requestMalformed({ command, argument, expected });
