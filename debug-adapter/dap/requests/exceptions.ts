import type { DebugProtocol } from '@vscode/debugprotocol';
import { addResolvedBreakpoint, type BreakpointId, resolveFunction, UserError } from '../../engine/index.ts';
import { noException, notWithoutDebugging, panicIsUnknown, requestMalformed } from '../../messages/dap.ts';
import { expected } from '../../messages/expected.ts';
import { exceptionFilterTexts, trapTexts } from '../../messages/traps.ts';
import { textFor } from '../../messages/userError.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { EXCEPTION_FILTERS, type ExceptionFilter } from '../exceptionFilters.ts';
import { detailsOf, type DetailTexts } from '../stopPointDetails.ts';
import { hasHandler, trapLines, trapName } from '../trapText.ts';

const LIST = 'exceptions';

/**
 * Sets the exception breakpoints: first those in `filters`, then those in `filterOptions`. They replace the whole list.
 */
export function setExceptionBreakpoints(
  debuggee: Debuggee,
  args: Arguments,
  ids: readonly number[],
): DebugProtocol.SetExceptionBreakpointsResponse['body'] {
  const wanted = [
    ...args.texts('filters').map((filter) => ({ filter: filterOf(filter), texts: {} })),
    ...args.list('filterOptions').map((one) => ({
      filter: filterOf(one.text('filterId')),
      texts: { condition: one.optionalText('condition') || undefined },
    })),
  ];
  debuggee.breakpoints.clear(LIST);
  return { breakpoints: wanted.map(({ filter, texts }, i) => setOne(debuggee, { id: ids[i], filter, texts })) };
}

function filterOf(id: string): ExceptionFilter {
  const found = EXCEPTION_FILTERS.find(({ shown }) => shown.filter === id);
  if (found) return found;
  const ids = EXCEPTION_FILTERS.map(({ shown }) => shown.filter);
  throw requestMalformed({ command: 'setExceptionBreakpoints', argument: 'filters', expected: expected.oneOf(ids) });
}

function setOne(
  debuggee: Debuggee,
  { id, filter, texts }: { id: number; filter: ExceptionFilter; texts: DetailTexts },
): DebugProtocol.Breakpoint {
  if (debuggee.configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
  try {
    const points = filter.what === 'guestPanic' ? addPanic(debuggee, texts) : [addTrap(debuggee, filter.what, texts)];
    for (const { point, label } of points) {
      const { condition } = texts;
      debuggee.breakpoints.add(LIST, point, { id, kind: 'exception', label, condition, shown: { id, verified: true } });
    }
    return points.length > 0
      ? { id, verified: true }
      : { id, verified: false, message: panicIsUnknown(debuggee.configuration.panicFunctions) };
  } catch (error) {
    if (error instanceof UserError) return { id, verified: false, message: textFor(error, 'editor') };
    throw error;
  }
}

interface AddedPoint {
  point: BreakpointId;
  /** For a panic, the function that the guest called or the text that it printed. */
  label?: string;
}

function addTrap(
  debuggee: Debuggee,
  what: Exclude<ExceptionFilter['what'], 'guestPanic'>,
  texts: DetailTexts,
): AddedPoint {
  return { point: debuggee.session.stopPoints.add({ what, ...detailsOf(debuggee, texts) }) };
}

/** Sets breakpoints on calls to panic functions and on panic messages on the console. */
function addPanic(debuggee: Debuggee, texts: DetailTexts): AddedPoint[] {
  const { configuration, session, symbols } = debuggee;
  const calls = configuration.panicFunctions.flatMap((name) =>
    resolveFunction(symbols, name).addresses.map((at) => ({ name, at, details: detailsOf(debuggee, texts, at) })),
  );
  const details = detailsOf(debuggee, texts);
  return [
    ...calls.map(({ name, at, details }) => ({
      point: addResolvedBreakpoint(session, symbols, { ...at, ...details }),
      label: trapTexts.panicCalled(name),
    })),
    ...configuration.panicTexts.map((text) => ({
      point: session.stopPoints.add({ what: { kind: 'console', text: new TextEncoder().encode(text) }, ...details }),
      label: trapTexts.panicPrinted(text),
    })),
  ];
}

/** Describes the trap, panic or failure that stopped the machine. */
export function exceptionInfo(debuggee: Debuggee): DebugProtocol.ExceptionInfoResponse['body'] {
  const { failure, session } = debuggee;
  if (failure) return { exceptionId: failure.code, description: failure.message, breakMode: 'always' };
  const { reason } = session;
  if (reason.kind === 'trap') {
    return {
      exceptionId: trapName(reason.trap),
      description: trapLines(debuggee, reason.trap).join('\n'),
      breakMode: hasHandler(debuggee, reason.trap) ? 'always' : 'unhandled',
    };
  }
  const ids = reason.kind === 'breakpoint' ? reason.ids : reason.kind === 'hit' ? reason.hits.map(({ id }) => id) : [];
  const panic = ids.flatMap((id) => debuggee.breakpoints.get(id) ?? []).find(({ kind }) => kind === 'exception');
  if (!panic?.label) throw noException();
  return {
    exceptionId: exceptionFilterTexts.guestPanic(),
    description: trapTexts.guestPanic(panic.label),
    breakMode: 'always',
  };
}
