import type { DebugProtocol } from '@vscode/debugprotocol';
import type { DataBreakpoint, Lvalue, Value } from '../../engine/index.ts';
import { UserError } from '../../engine/index.ts';
import {
  notInMemory,
  notWithoutDebugging,
  requestMalformed,
  staleReference,
  variableUnknown,
} from '../../messages/dap.ts';
import { type Arguments, isRecord } from '../arguments.ts';
import type { WatchedData } from '../breakpointTable.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex, valuesOf } from '../variableViews.ts';
import { valueOf } from './evaluate.ts';
import { expected } from '../../messages/expected.ts';
import { textFor } from '../../messages/userError.ts';

const LIST = 'data';
const ACCESS_TYPES: DebugProtocol.DataBreakpointAccessType[] = ['read', 'write', 'readWrite'];

/** Describes a possible data breakpoint on anything in memory: a variable in a scope, a member, or any expression. */
export function dataBreakpointInfo(
  debuggee: Debuggee,
  args: Arguments,
): DebugProtocol.DataBreakpointInfoResponse['body'] {
  const name = args.text('name');
  const value = valueNamed(debuggee, args, name);
  const { lvalue } = value;
  if (!lvalue || lvalue.sizeBytes === 0) return { dataId: null, description: notInMemory(name) };
  const label = value.expression ?? name;
  const dataId = dataIdOf(lvalue, { label, type: value.typeName });
  return { dataId, description: label, accessTypes: ACCESS_TYPES, canPersist: false };
}

export function setDataBreakpoints(
  debuggee: Debuggee,
  args: Arguments,
  ids: readonly number[],
): DebugProtocol.SetDataBreakpointsResponse['body'] {
  const wanted = args.list('breakpoints').map((one) => ({
    data: parseDataId(one.text('dataId')),
    access: accessOf(one.optionalText('accessType')),
  }));
  debuggee.breakpoints.clear(LIST);
  return { breakpoints: wanted.map(({ data, access }, i) => setOne(debuggee, { id: ids[i], data, access })) };
}

function setOne(
  { breakpoints, configuration, session }: Debuggee,
  { id, data, access }: { id: number; data: WatchedData; access: DataBreakpoint['access'] },
): DebugProtocol.Breakpoint {
  if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
  try {
    const { address, lengthBytes } = data;
    const watchpoint = session.stopPoints.addDataBreakpoint({ address, lengthBytes, access });
    breakpoints.add(LIST, watchpoint, { id, kind: 'data breakpoint', data });
    return { id, verified: true };
  } catch (error) {
    if (error instanceof UserError) return { id, verified: false, message: textFor(error, 'editor') };
    throw error;
  }
}

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

/**
 * An ID that the client stores and passes back. It contains everything needed to set the breakpoint, because values are
 * valid only until the machine runs.
 */
function dataIdOf({ address, sizeBytes }: Lvalue, shown: { label: string; type: string }): string {
  return JSON.stringify({ address: hex(address), lengthBytes: sizeBytes, ...shown });
}

function parseDataId(dataId: string): WatchedData {
  const parsed = parseJson(dataId);
  if (isRecord(parsed)) {
    const { address, lengthBytes, label, type } = parsed;
    const isAddress = typeof address === 'string' && /^0x[0-9a-f]{1,16}$/.test(address);
    const isLength = Number.isSafeInteger(lengthBytes) && (lengthBytes as number) > 0;
    if (isAddress && isLength && typeof label === 'string' && typeof type === 'string') {
      return { address: BigInt(address), lengthBytes: lengthBytes as number, label, type };
    }
  }
  throw requestMalformed({
    command: 'setDataBreakpoints',
    argument: 'dataId',
    expected: expected.dataId(),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function accessOf(text = 'write'): DataBreakpoint['access'] {
  if (text === 'read' || text === 'write' || text === 'readWrite') return text;
  throw requestMalformed({
    command: 'setDataBreakpoints',
    argument: 'accessType',
    expected: expected.oneOf(ACCESS_TYPES),
  });
}
