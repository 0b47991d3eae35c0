import { requestUnannounced } from '../messages/dap.ts';
import { isRecord } from './arguments.ts';

/**
 * Optional arguments that require a capability that this adapter does not announce; a client must not send them. If the
 * adapter ignored such an argument, the client would assume that the argument had an effect.
 */
const UNANNOUNCED: Readonly<Record<string, readonly UnannouncedArgument[]>> = {
  setBreakpoints: [{ list: 'breakpoints', name: 'mode', capability: 'breakpointModes' }],
  setInstructionBreakpoints: [{ list: 'breakpoints', name: 'mode', capability: 'breakpointModes' }],
  setExceptionBreakpoints: [
    { list: 'filterOptions', name: 'mode', capability: 'breakpointModes' },
    { name: 'exceptionOptions', capability: 'supportsExceptionOptions' },
  ],
  dataBreakpointInfo: [
    { name: 'bytes', capability: 'supportsDataBreakpointBytes' },
    { name: 'asAddress', capability: 'supportsDataBreakpointBytes' },
    { name: 'mode', capability: 'breakpointModes' },
  ],
  stepIn: [
    { name: 'targetId', capability: 'supportsStepInTargetsRequest' },
    { name: 'singleThread', capability: 'supportsSingleThreadExecutionRequests' },
  ],
  ...Object.fromEntries(
    ['continue', 'reverseContinue', 'next', 'stepOut', 'stepBack'].map((command) => [
      command,
      [{ name: 'singleThread', capability: 'supportsSingleThreadExecutionRequests' }],
    ]),
  ),
  ...Object.fromEntries(
    ['stackTrace', 'variables', 'evaluate', 'setVariable', 'setExpression'].map((command) => [
      command,
      [{ name: 'format', capability: 'supportsValueFormattingOptions' }],
    ]),
  ),
};

interface UnannouncedArgument {
  /** The list whose items have the argument; undefined if the request itself has it. */
  list?: string;
  name: string;
  capability: string;
}

/** Throws a UserError if a request has an argument that is allowed only with an unannounced capability. */
export function checkAnnounced(command: string, args: unknown): void {
  if (!Object.hasOwn(UNANNOUNCED, command) || !isRecord(args)) return;
  for (const { list, name, capability } of UNANNOUNCED[command]) {
    if (holdersOf(args, list).some((holder) => isRecord(holder) && isGiven(holder[name]))) {
      throw requestUnannounced({ command, argument: name, capability });
    }
  }
}

function holdersOf(args: Record<string, unknown>, list: string | undefined): unknown[] {
  if (list === undefined) return [args];
  const items = args[list];
  return Array.isArray(items) ? items : [];
}

/** Whether the argument has an effect. An empty list, for example, has none. */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return !(isRecord(value) && Object.keys(value).length === 0) && !(Array.isArray(value) && value.length === 0);
}
