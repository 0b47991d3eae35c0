import * as vscode from 'vscode';
import type { ReverseStepArguments } from '../../debug-adapter/dap/customProtocol.ts';
import type { Sessions } from '../sessions.ts';
import { ask, currentSession } from './requests.ts';

/** Reverse step into and out, which the protocol lacks: requests of our own. */
export function registerReverseSteps(sessions: Sessions): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand('blkreplay.reverseStepIn', () => step(sessions, 'blkreplay/reverseStepIn')),
    vscode.commands.registerCommand('blkreplay.reverseStepOut', () => step(sessions, 'blkreplay/reverseStepOut')),
  );
}

async function step(sessions: Sessions, command: string): Promise<void> {
  const session = currentSession(sessions);
  if (session) await ask(session, command, stepArguments(session));
}

/** A machine has one hart so far, whose thread is 1. */
const THREAD_ID = 1;

function stepArguments(session: vscode.DebugSession): ReverseStepArguments {
  const focus = vscode.debug.activeStackItem;
  return { threadId: focus?.session.id === session.id ? focus.threadId : THREAD_ID };
}
