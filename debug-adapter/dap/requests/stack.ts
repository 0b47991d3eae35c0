import type { DebugProtocol } from '@vscode/debugprotocol';
import { baseName, globalsOf, localsOf } from '../../engine/index.ts';
import { staleReference, threadUnknown } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee, ShownFrame } from '../debuggee.ts';
import { threadOf } from '../stopEvents.ts';
import { hex, variablesIn } from '../variableViews.ts';

export function stackTrace(debuggee: Debuggee, args: Arguments): DebugProtocol.StackTraceResponse['body'] {
  const frames = debuggee.callStack(hartOf(debuggee, args.optionalInteger('threadId')));
  const start = args.optionalInteger('startFrame') ?? 0;
  const count = args.optionalInteger('levels') || frames.length;
  return {
    stackFrames: frames.slice(start, start + count).map((shown) => stackFrame(debuggee, shown)),
    totalFrames: frames.length,
  };
}

/** Thread n is hart n - 1. */
export function hartOf({ hartCount, currentHart }: Debuggee, threadId = threadOf(currentHart)): number {
  if (threadId < 1 || threadId > hartCount) throw threadUnknown(threadId);
  return threadId - 1;
}

function stackFrame({ sources }: Debuggee, { id, frame, symbols, source }: ShownFrame): DebugProtocol.StackFrame {
  const { name, at } = source;
  const frameBody = { id, name: name ?? hex(frame.lookupPc), instructionPointerReference: hex(frame.pc) };
  if (!symbols || !at) return { ...frameBody, line: 0, column: 0, presentationHint: 'subtle' };
  const file = { name: baseName(at.file.path), path: sources.resolve(symbols, at.file.path) };
  return { ...frameBody, source: file, line: at.line, column: at.column ?? 1 };
}

/**
 * If the client sent the request just before the machine moved, the response contains no scopes. It is not an error
 * response, because an editor would show the error in its Variables view until the next response arrives. (js-debug
 * does not report an error for stale variable requests either.)
 */
export function scopes(debuggee: Debuggee, args: Arguments): DebugProtocol.ScopesResponse['body'] {
  const frameId = args.integer('frameId');
  if (debuggee.isStaleFrame(frameId)) return { scopes: [] };
  const shown = debuggee.frame(frameId);
  const { containers } = debuggee;
  const machine: DebugProtocol.Scope[] = [
    {
      name: 'Registers',
      presentationHint: 'registers',
      variablesReference: containers.add({ kind: 'registers', shown }),
      expensive: false,
    },
    {
      name: 'Floating point',
      variablesReference: containers.add({ kind: 'floats', hart: shown.hart }),
      expensive: true,
    },
    { name: 'CSRs', variablesReference: containers.add({ kind: 'csrs', hart: shown.hart }), expensive: true },
  ];
  if (!shown.symbols) return { scopes: machine };
  const withSymbols = { ...shown, symbols: shown.symbols };
  const ofSource: DebugProtocol.Scope[] = [
    {
      name: 'Locals',
      presentationHint: 'locals',
      variablesReference: containers.add({ kind: 'values', values: () => localsOf(withSymbols), shown: withSymbols }),
      expensive: false,
    },
    {
      name: 'Globals',
      variablesReference: containers.add({ kind: 'values', values: () => globalsOf(withSymbols), shown: withSymbols }),
      expensive: true,
    },
  ];
  return { scopes: [...ofSource, ...machine] };
}

export function variables(debuggee: Debuggee, args: Arguments): DebugProtocol.VariablesResponse['body'] {
  const reference = args.integer('variablesReference');
  if (debuggee.containers.isStale(reference)) return { variables: [] };
  const container = debuggee.containers.get(reference);
  if (!container) throw staleReference('variable');
  const all = variablesIn(debuggee, container);
  const start = args.optionalInteger('start') ?? 0;
  const count = args.optionalInteger('count') || all.length;
  return { variables: all.slice(start, start + count) };
}
