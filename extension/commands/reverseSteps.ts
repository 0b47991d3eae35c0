import * as vscode from 'vscode';
import type { ReverseStepArguments } from '../../debug-adapter/dap/customProtocol.ts';
import type { Sessions } from '../sessions.ts';
import { sendRequest, currentSession } from './requests.ts';

/**
 * Registers the commands that step backward into and out of a function. DAP does not define requests for this, so the
 * commands use custom requests. While the disassembly view has the focus, the commands' keys and buttons (defined in
 * package.json) step by instruction, as do those of VS Code's own step commands.
 */
export function registerReverseSteps(sessions: Sessions): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand('blkreplay.reverseStepIn', () => step(sessions, 'blkreplay/reverseStepIn')),
    vscode.commands.registerCommand('blkreplay.reverseStepInInstruction', () =>
      step(sessions, 'blkreplay/reverseStepIn', 'instruction'),
    ),
    vscode.commands.registerCommand('blkreplay.reverseStepOut', () => step(sessions, 'blkreplay/reverseStepOut')),
  );
}

async function step(
  sessions: Sessions,
  command: string,
  granularity?: ReverseStepArguments['granularity'],
): Promise<void> {
  const session = currentSession(sessions);
  if (session) await sendRequest(session, command, { ...stepArguments(session), granularity });
}

/** The thread of hart 0, which is stepped if none of the session's stack frames has the focus. */
const THREAD_ID = 1;

function stepArguments(session: vscode.DebugSession): ReverseStepArguments {
  const focus = vscode.debug.activeStackItem;
  return { threadId: focus?.session.id === session.id ? focus.threadId : THREAD_ID };
}
