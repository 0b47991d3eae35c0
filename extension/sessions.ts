import * as vscode from 'vscode';
import type { ConsoleEvent, PositionEvent } from '../debug-adapter/dap/customProtocol.ts';

/** The debugger's type in launch.json. */
export const DEBUG_TYPE = 'blkreplay';

/**
 * The extension's debug sessions. This class turns the adapter's custom DAP events into typed events. `current` is the
 * session that the user is working with. A session is added when its first event arrives, which may precede the
 * editor's start event.
 */
export class Sessions implements vscode.Disposable {
  private known = new Map<string, vscode.DebugSession>();
  private positions = new Map<string, PositionEvent>();
  private started = new vscode.EventEmitter<vscode.DebugSession>();
  private ended = new vscode.EventEmitter<vscode.DebugSession>();
  private positionChanged = new vscode.EventEmitter<vscode.DebugSession>();
  private overviewChanged = new vscode.EventEmitter<vscode.DebugSession>();
  private printed = new vscode.EventEmitter<{ session: vscode.DebugSession; output: ConsoleEvent }>();
  private currentChanged = new vscode.EventEmitter<void>();
  private subscriptions: vscode.Disposable[];

  readonly onStarted = this.started.event;
  readonly onEnded = this.ended.event;
  readonly onPosition = this.positionChanged.event;
  readonly onOverviewChanged = this.overviewChanged.event;
  readonly onPrinted = this.printed.event;
  readonly onCurrentChanged = this.currentChanged.event;

  constructor() {
    this.subscriptions = [
      vscode.debug.onDidStartDebugSession((session) => this.add(session)),
      vscode.debug.onDidTerminateDebugSession((session) => this.remove(session)),
      vscode.debug.onDidChangeActiveDebugSession(() => this.currentChanged.fire()),
      vscode.debug.onDidReceiveDebugSessionCustomEvent((event) => this.received(event)),
      ...[this.started, this.ended, this.positionChanged, this.overviewChanged, this.printed, this.currentChanged],
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  get all(): vscode.DebugSession[] {
    return [...this.known.values()];
  }

  /** The active debug session; if it belongs to another debugger, the most recent blkreplay session. */
  get current(): vscode.DebugSession | undefined {
    const active = vscode.debug.activeDebugSession;
    return active && this.known.has(active.id) ? active : this.all.at(-1);
  }

  /** The most recent position that the adapter reported; undefined before its first event. */
  positionOf(session: vscode.DebugSession): PositionEvent | undefined {
    return this.positions.get(session.id);
  }

  private received({ session, event, body }: vscode.DebugSessionCustomEvent): void {
    if (session.type !== DEBUG_TYPE) return;
    this.add(session);
    switch (event) {
      case 'blkreplay/place':
        this.positions.set(session.id, body as PositionEvent);
        return this.positionChanged.fire(session);
      case 'blkreplay/console':
        return this.printed.fire({ session, output: body as ConsoleEvent });
      case 'blkreplay/overviewChanged':
        return this.overviewChanged.fire(session);
    }
  }

  private add(session: vscode.DebugSession): void {
    if (session.type !== DEBUG_TYPE || this.known.has(session.id)) return;
    this.known.set(session.id, session);
    this.started.fire(session);
    this.currentChanged.fire();
  }

  private remove(session: vscode.DebugSession): void {
    if (!this.known.delete(session.id)) return;
    this.positions.delete(session.id);
    this.ended.fire(session);
    this.currentChanged.fire();
  }
}
