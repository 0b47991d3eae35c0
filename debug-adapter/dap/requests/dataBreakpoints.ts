import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointId, StopPointKind, Value } from '../../engine/index.ts';
import { UserError } from '../../engine/index.ts';
import {
  changesAlways,
  neverChanges,
  notInMemory,
  notInThisFrame,
  notWithoutDebugging,
  requestMalformed,
  staleReference,
  variableUnknown,
} from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { WatchedRegister } from '../breakpointTable.ts';
import { type Watched, dataIdOf, parseDataId } from '../dataId.ts';
import type { Container, Debuggee } from '../debuggee.ts';
import { detailsOf, type DetailTexts, detailTexts } from '../stopPointDetails.ts';
import { registerWhat, valuesOf } from '../variableViews.ts';
import { valueOf } from './evaluate.ts';
import { expected } from '../../messages/expected.ts';
import { textFor } from '../../messages/userError.ts';

type Info = DebugProtocol.DataBreakpointInfoResponse['body'];
type AccessType = DebugProtocol.DataBreakpointAccessType;

const LIST = 'data';
const MEMORY_ACCESS_TYPES: AccessType[] = ['read', 'write', 'readWrite'];
/** For registers, only changes can be detected, not reads. */
const REGISTER_ACCESS_TYPES: AccessType[] = ['write'];

/**
 * Tells the client whether it can set a data breakpoint on something: a value in memory (a variable in a scope, a
 * member, or any expression) or a register of a hart.
 */
export function dataBreakpointInfo(debuggee: Debuggee, args: Arguments): Info {
  const name = args.text('name');
  const register = registerNamed(debuggee, args, name);
  if (register) return registerInfo(register.container, name, register.what);
  const value = valueNamed(debuggee, args, name);
  const { lvalue } = value;
  if (!lvalue || lvalue.sizeBytes === 0) return { dataId: null, description: notInMemory(name) };
  const { address, sizeBytes: lengthBytes } = lvalue;
  const label = value.expression ?? name;
  const dataId = dataIdOf({ address, lengthBytes, label, type: value.typeName });
  return { dataId, description: label, accessTypes: MEMORY_ACCESS_TYPES, canPersist: false };
}

export function setDataBreakpoints(
  debuggee: Debuggee,
  args: Arguments,
  ids: readonly number[],
): DebugProtocol.SetDataBreakpointsResponse['body'] {
  const wanted = args.list('breakpoints').map((one) => {
    const watched = parseDataId(one.text('dataId'));
    return { watched, what: whatOf(watched, one.optionalText('accessType')), texts: detailTexts(one) };
  });
  debuggee.breakpoints.clear(LIST);
  return { breakpoints: wanted.map((one, i) => setOne(debuggee, { id: ids[i], ...one })) };
}

function setOne(
  debuggee: Debuggee,
  { id, watched, what, texts }: { id: number; watched: Watched; what: StopPointKind; texts: DetailTexts },
): DebugProtocol.Breakpoint {
  const { breakpoints, configuration } = debuggee;
  if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
  try {
    const point = addPoint(debuggee, { watched, what, texts });
    const data = isRegister(watched) ? undefined : watched;
    const shown = { id, verified: true };
    const { label } = watched;
    breakpoints.add(LIST, point, { id, kind: 'data breakpoint', data, label, condition: texts.condition, shown });
    return shown;
  } catch (error) {
    if (error instanceof UserError) return { id, verified: false, message: textFor(error, 'editor') };
    throw error;
  }
}

function addPoint(
  debuggee: Debuggee,
  { watched, what, texts }: { watched: Watched; what: StopPointKind; texts: DetailTexts },
): BreakpointId {
  const hart = isRegister(watched) ? { hart: watched.hart } : {};
  return debuggee.session.stopPoints.add({ what, ...hart, ...detailsOf(debuggee, texts) });
}

/** Editors show the access type `write` as "Break on Value Change". */
function whatOf(watched: Watched, accessType = 'write'): StopPointKind {
  const allowed = isRegister(watched) ? REGISTER_ACCESS_TYPES : MEMORY_ACCESS_TYPES;
  if (!allowed.includes(accessType as AccessType)) {
    throw requestMalformed({
      command: 'setDataBreakpoints',
      argument: 'accessType',
      expected: expected.oneOf(allowed),
    });
  }
  if (isRegister(watched)) return { kind: 'register', register: watched.register };
  const { address, lengthBytes } = watched;
  const access = accessType === 'write' ? 'change' : (accessType as 'read' | 'readWrite');
  return { kind: 'access', address, lengthBytes, access };
}

const isRegister = (watched: Watched): watched is WatchedRegister => 'register' in watched;

// --- registers ---------------------------------------------------------------------------------------------------------

type RegisterContainer = Extract<Container, { kind: 'registers' | 'floats' | 'csrs' }>;

/** A register in one of the register scopes, or one that an expression names, such as `$a0`. */
function registerNamed(
  debuggee: Debuggee,
  args: Arguments,
  name: string,
): { container: RegisterContainer; what: ReturnType<typeof registerWhat> } | undefined {
  const { inspector } = debuggee.session;
  const reference = args.optionalInteger('variablesReference') ?? 0;
  if (reference === 0) {
    if (!name.startsWith('$')) return undefined;
    const what = registerWhat(inspector, name.slice(1));
    const shown = debuggee.frame(args.optionalInteger('frameId'));
    return what && { container: { kind: 'registers', shown }, what };
  }
  const container = debuggee.containers.get(reference);
  if (!container || container.kind === 'values') return undefined;
  return { container, what: registerWhat(inspector, name) };
}

/**
 * A caller's registers cannot be watched as registers, because they are saved in memory. The pc cannot be watched
 * because it changes with every step, and x0 cannot be watched because it never changes.
 */
function registerInfo(container: RegisterContainer, name: string, what: ReturnType<typeof registerWhat>): Info {
  if (what === 'pc') return { dataId: null, description: changesAlways(name) };
  if (what === undefined) return { dataId: null, description: neverChanges(name) };
  const isCaller = container.kind === 'registers' && container.shown.frame.depth > 0 && what.kind === 'register';
  if (isCaller) return { dataId: null, description: notInThisFrame(name) };
  const hart = container.kind === 'registers' ? container.shown.hart : container.hart;
  const dataId = dataIdOf({ register: what, hart, label: name });
  return { dataId, description: name, accessTypes: REGISTER_ACCESS_TYPES, canPersist: false };
}

// --- values in memory --------------------------------------------------------------------------------------------------

/** Finds a value by its name in a container from `scopes` or `variables`, or by an expression in a frame. */
function valueNamed(debuggee: Debuggee, args: Arguments, name: string): Value {
  const reference = args.optionalInteger('variablesReference') ?? 0;
  if (reference === 0) return valueOf(debuggee, name, args.optionalInteger('frameId'));
  const container = debuggee.containers.get(reference);
  if (!container) throw staleReference('variable');
  const found = valuesOf(container).find((value) => value.name === name);
  if (!found) throw variableUnknown(name);
  return found;
}
