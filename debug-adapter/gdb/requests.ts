import { cannotResumeAt } from '../messages/gdb.ts';
import { breakpointConditions } from './breakpointConditions.ts';
import type { LeaveReason } from './gdbHost.ts';
import { hexOfText, parseHex, parseHexUpTo, textOfHex, toHex } from './hex.ts';
import { monitor } from './monitor.ts';
import { escapeBinary, PACKET_BYTES_MAX } from './packets.ts';
import { allRegisters, readRegister, targetXml } from './registers.ts';
import { resume, type ResumeAction, reverse } from './resuming.ts';
import type { StopPointKind } from './stopPointTable.ts';
import { threadId } from './stopReply.ts';
import type { GdbClient } from './gdbClient.ts';
import { writeAllRegisters, writeMemory, writeMemoryAsHex, writeOneRegister } from './writing.ts';

/** The reply to a packet, and the packet's effects on the connection. */
export interface PacketReply {
  text?: string;
  leaving?: LeaveReason;
  /** If false, the server stops acknowledging packets. */
  acknowledges?: false;
}

/**
 * Executes the request in a packet. The entries of REQUESTS are in the order of gdb's manual ("Packets", "General Query
 * Packets"). An unsupported packet gets the empty reply, as the protocol requires; a malformed one gets an error.
 * Throws a UserError if the session cannot execute the request; the server turns it into an error reply.
 */
export async function executePacket(client: GdbClient, packet: string): Promise<PacketReply> {
  const name = PACKET_NAMES.find((known) => packet.startsWith(known));
  if (name === undefined) return { text: NOT_SUPPORTED };
  const answered = await REQUESTS[name](client, packet.slice(name.length));
  return typeof answered === 'string' ? { text: answered } : answered;
}

type Request = (client: GdbClient, rest: string) => string | PacketReply | Promise<string>;

const OK = 'OK';
const NOT_SUPPORTED = '';
/** EINVAL: the packet is malformed. */
const MALFORMED = 'E16';
/** EFAULT, which QEMU and gdbserver also return if memory cannot be read. */
const CANNOT_READ = 'E14';

const REQUESTS: Record<string, Request> = {
  '?': (client) => client.stopReply(),
  g: (client) => allRegisters(client.inspector),
  G: (client, rest) => (client.inspectsCurrentHart ? writeAllRegisters(client, rest) : undefined) ?? MALFORMED,
  p: (client, rest) => oneRegister(client, rest),
  P: (client, rest) => (client.inspectsCurrentHart ? writeOneRegister(client, rest) : undefined) ?? MALFORMED,
  m: (client, rest) => readMemory(client, rest),
  M: (client, rest) => writeMemoryAsHex(client, rest) ?? MALFORMED,
  X: (client, rest) => writeMemory(client, rest) ?? MALFORMED,
  Z: (client, rest) => stopPoint(client, rest, 'insert'),
  z: (client, rest) => stopPoint(client, rest, 'remove'),
  c: (client, rest) => resumeHere(client, rest, { kind: 'continue' }),
  s: (client, rest) => resumeHere(client, rest, { kind: 'step', hart: client.hartToStep() }),
  // `C` and `S` carry a signal, but signals do not exist on a machine without an operating system.
  C: (client) => resume(client, { kind: 'continue' }),
  S: (client) => resume(client, { kind: 'step', hart: client.hartToStep() }),
  bc: (client) => reverse(client, 'continue'),
  bs: (client) => reverse(client, 'step'),
  'vCont?': () => 'vCont;c;C;s;S;r',
  'vCont;': (client, rest) => actions(client, rest),
  'vKill;': () => ({ text: OK, leaving: 'killed' }),
  vMustReplyEmpty: () => NOT_SUPPORTED,
  k: () => ({ leaving: 'killed' }),
  D: (client) => detach(client),
  Hg: (client, rest) => nameThread(client, rest, (thread) => thread && client.inspectThread(thread)),
  Hc: (client, rest) => nameThread(client, rest, (thread) => client.selectSteppedThread(thread)),
  T: (client, rest) => (threadIn(client, rest) === undefined ? MALFORMED : OK),
  qSupported: (client, rest) => supported(client, rest),
  QStartNoAckMode: () => ({ text: OK, acknowledges: false }),
  'qXfer:features:read:': (client, rest) => features(client, rest),
  // 1 means that gdb attached to an existing machine: quitting gdb detaches from the machine instead of killing it.
  qAttached: () => '1',
  qC: (client) => `QC${threadId(client.thread)}`,
  qfThreadInfo: (client) => allThreads(client),
  qsThreadInfo: () => 'l',
  'qRcmd,': (client, rest) => command(client, rest),
};

/** Longer names come first, so that `b` does not match the packet `bs`. */
const PACKET_NAMES = Object.keys(REQUESTS).sort((a, b) => b.length - a.length);

// --- threads -----------------------------------------------------------------------------------------------------------

/** gdb requests the list of threads whenever it shows a stop. */
function allThreads(client: GdbClient): string {
  client.stopWasShown();
  return `m${Array.from({ length: client.threadCount }, (_, i) => threadId(i + 1)).join()}`;
}

function threadIn({ threadCount }: GdbClient, text: string): number | undefined {
  const thread = parseHexUpTo(text, threadCount);
  return thread === 0 ? undefined : thread;
}

/** Selects a thread by its ID. The IDs -1 (all) and 0 (any) select no particular thread. */
function nameThread(client: GdbClient, rest: string, name: (thread: number | undefined) => void): string {
  const isAny = rest === '-1' || rest === '0';
  const thread = isAny ? undefined : threadIn(client, rest);
  if (!isAny && thread === undefined) return MALFORMED;
  name(thread);
  return OK;
}

// --- registers and memory ----------------------------------------------------------------------------------------------

function oneRegister({ inspector }: GdbClient, rest: string): string {
  const number = parseHexUpTo(rest, 0xffff);
  if (number === undefined) return MALFORMED;
  return readRegister(inspector, number) ?? MALFORMED;
}

function readMemory({ inspector }: GdbClient, rest: string): string {
  const [address, length, ...more] = rest.split(',');
  const from = parseHex(address);
  // The reply contains two digits for each byte, so it can hold half as many bytes as characters.
  const lengthBytes = parseHexUpTo(length, PACKET_BYTES_MAX / 2);
  if (from === undefined || lengthBytes === undefined || more.length > 0) return MALFORMED;
  const bytes = inspector.readMemory(from, lengthBytes);
  // If only the first part of the memory is readable, the reply is shorter. gdb then requests the rest and gets an
  // error reply.
  return bytes.length === 0 && lengthBytes > 0 ? CANNOT_READ : toHex(bytes);
}

// --- stop points -------------------------------------------------------------------------------------------------------

const STOP_POINT_KINDS: readonly StopPointKind[] = ['software', 'hardware', 'write', 'read', 'access'];
const WATCHED_BYTES_MAX = 1 << 20;

function stopPoint(client: GdbClient, rest: string, operation: 'insert' | 'remove'): string {
  const [position, ...options] = rest.split(';');
  const [type, address, length] = position.split(',');
  const kind = /^[0-4]$/.test(type) ? STOP_POINT_KINDS[Number(type)] : undefined;
  const at = parseHex(address);
  const lengthBytes = parseHexUpTo(length, WATCHED_BYTES_MAX);
  if (kind === undefined) return NOT_SUPPORTED;
  const isWatch = kind !== 'software' && kind !== 'hardware';
  if (at === undefined || lengthBytes === undefined || (isWatch && lengthBytes === 0)) return MALFORMED;
  const conditions = breakpointConditions(options);
  if (conditions === 'malformed' || (isWatch && options.length > 0)) return MALFORMED;
  client.stopPoints[operation]({ kind, address: at, lengthBytes, ...conditions });
  return OK;
}

// --- running -----------------------------------------------------------------------------------------------------------

/** With `c` and `s`, gdb may send an address at which to resume. This is not supported. */
function resumeHere(client: GdbClient, address: string, how: ResumeAction): Promise<string> {
  if (address !== '') throw cannotResumeAt();
  return resume(client, how);
}

/**
 * Resumes the machine as the first action of `vCont` specifies. Harts without an action run too, because all harts run
 * together.
 */
function actions(client: GdbClient, rest: string): string | Promise<string> {
  const [first, ...others] = rest.split(';');
  const [action, thread] = first.split(':');
  const isAny = thread === undefined || thread === '-1' || thread === '0';
  const named = isAny ? undefined : threadIn(client, thread);
  if (!isAny && named === undefined) return MALFORMED;
  const how = resumptionOf(action, client.hartToStep(named));
  if (!how) return MALFORMED;
  if (named !== undefined && others.length === 0) client.resumeOnly(named - 1);
  return resume(client, how);
}

function resumptionOf(action: string, hart: number): ResumeAction | undefined {
  switch (action[0]) {
    case 'c':
    case 'C':
      return { kind: 'continue' };
    case 's':
    case 'S':
      return { kind: 'step', hart };
    case 'r': {
      const [start, end] = action.slice(1).split(',').map(parseHex);
      return start === undefined || end === undefined ? undefined : { kind: 'range', hart, start, end };
    }
    default:
      return undefined;
  }
}

function detach(client: GdbClient): PacketReply {
  client.stopPoints.removeAll();
  return { text: OK, leaving: 'detached' };
}

// --- queries -----------------------------------------------------------------------------------------------------------

function supported(client: GdbClient, rest: string): string {
  const gdbFeatures = new Set(rest.replace(/^:/, '').split(';'));
  client.features.swbreak = gdbFeatures.has('swbreak+');
  client.features.hwbreak = gdbFeatures.has('hwbreak+');
  return [
    `PacketSize=${PACKET_BYTES_MAX.toString(16)}`,
    'QStartNoAckMode+',
    'qXfer:features:read+',
    'vContSupported+',
    'swbreak+',
    'hwbreak+',
    'ConditionalBreakpoints+',
    ...(client.session.hasHistory ? ['ReverseStep+', 'ReverseContinue+'] : []),
  ].join(';');
}

function features({ session }: GdbClient, rest: string): string {
  const [annex, range = ''] = rest.split(':');
  const [from, length] = range.split(',').map((text) => parseHexUpTo(text, 2 ** 31));
  if (annex !== 'target.xml') return 'E00';
  if (from === undefined || length === undefined) return MALFORMED;
  const xml = targetXml(session.inspector);
  const end = Math.min(from + Math.min(length, PACKET_BYTES_MAX - 1), xml.length);
  return (end < xml.length ? 'm' : 'l') + escapeBinary(xml.slice(from, end));
}

function command({ session }: GdbClient, rest: string): string {
  const line = textOfHex(rest);
  return line === undefined ? MALFORMED : hexOfText(monitor(session, line));
}
