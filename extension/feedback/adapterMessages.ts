import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../sessions.ts';

/** The parts of a `stopped` event that the extension shows. */
export interface Stop {
  reason: string;
  description?: string;
  text?: string;
  threadId?: number;
}

/** The parts of DAP messages that this file reads. */
interface Message {
  type: string;
  event?: string;
  success?: boolean;
  message?: string;
  body?: { error?: { format?: string } };
}

/** The last error that each session's adapter has reported. */
const failures = new WeakMap<vscode.DebugSession, { text: string; code: string }>();

/** The code of an error that the adapter has just reported with this text. */
export function codeOfFailure(session: vscode.DebugSession, text: string): string | undefined {
  const failure = failures.get(session);
  return failure?.text === text ? failure.code : undefined;
}

/**
 * Observes the messages of the debug adapters. The editor passes neither standard DAP events nor error codes to
 * extensions.
 */
export class AdapterMessages implements vscode.Disposable {
  private initialized = new vscode.EventEmitter<vscode.DebugSession>();
  private stopped = new vscode.EventEmitter<{ session: vscode.DebugSession; stop: Stop }>();
  private registration: vscode.Disposable;

  /** Breakpoints that a listener sets take effect before the machine runs. */
  readonly onInitialized = this.initialized.event;
  readonly onStopped = this.stopped.event;

  constructor() {
    this.registration = vscode.debug.registerDebugAdapterTrackerFactory(DEBUG_TYPE, {
      createDebugAdapterTracker: (session) => ({
        onDidSendMessage: (message: Message) => this.received(session, message),
      }),
    });
  }

  dispose(): void {
    this.registration.dispose();
    this.initialized.dispose();
    this.stopped.dispose();
  }

  private received(session: vscode.DebugSession, { type, event, success, message, body }: Message): void {
    if (event === 'initialized') this.initialized.fire(session);
    if (event === 'stopped') this.stopped.fire({ session, stop: body as unknown as Stop });
    const text = body?.error?.format;
    if (type === 'response' && success === false && message !== undefined && text !== undefined) {
      failures.set(session, { text, code: message });
    }
  }
}
