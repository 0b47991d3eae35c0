import * as vscode from 'vscode';
import type { Sessions } from '../sessions.ts';
import type { AdapterMessages, Stop } from './adapterMessages.ts';
import { stopReasonText } from './stopReasonText.ts';

/** The source line at which a session has stopped, and the reason for the stop. */
interface ShownStop {
  /** The path on the machine that the adapter runs on. */
  fsPath: string;
  /** Zero-based. */
  line: number;
  text: { line: string; whole: string };
}

/** When the machine stops, shows the reason at the end of the source line until the machine runs again. */
export function registerStopReason(sessions: Sessions, messages: AdapterMessages): vscode.Disposable {
  const decoration = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor('editor.foreground'), fontStyle: 'italic', margin: '0 0 0 3em' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  const shown = new Map<string, ShownStop>();

  const showIn = (editor: vscode.TextEditor): void => {
    const here = [...shown.values()].filter(({ fsPath }) => fsPath === editor.document.uri.fsPath);
    editor.setDecorations(decoration, here.map(decorationFor(editor.document)));
  };
  const showInAll = (): void => vscode.window.visibleTextEditors.forEach(showIn);
  const clear = ({ id }: vscode.DebugSession): void => {
    if (shown.delete(id)) showInAll();
  };
  const show = async (session: vscode.DebugSession, stop: Stop): Promise<void> => {
    clear(session);
    const text = isEnabled() ? stopReasonText(stop) : undefined;
    const location = text && (await stoppedAt(session, stop));
    if (!location || sessions.positionOf(session)?.isRunning) return;
    shown.set(session.id, { ...location, text });
    showInAll();
  };

  return vscode.Disposable.from(
    decoration,
    messages.onStopped(({ session, stop }) => void show(session, stop)),
    sessions.onPosition((session) => {
      if (sessions.positionOf(session)?.isRunning) clear(session);
    }),
    sessions.onEnded(clear),
    vscode.window.onDidChangeVisibleTextEditors(showInAll),
  );
}

const decorationFor =
  (document: vscode.TextDocument) =>
  ({ line, text }: ShownStop): vscode.DecorationOptions => {
    const { range } = document.lineAt(Math.min(line, document.lineCount - 1));
    const hoverMessage = new vscode.MarkdownString().appendCodeblock(text.whole, 'text');
    return { range, hoverMessage, renderOptions: { after: { contentText: text.line } } };
  };

const isEnabled = (): boolean => vscode.workspace.getConfiguration('blkreplay').get('showStopReason', true);

/** The source line of the innermost frame; undefined if it is not known, or if the machine is running again. */
async function stoppedAt(
  session: vscode.DebugSession,
  { threadId }: Stop,
): Promise<{ fsPath: string; line: number } | undefined> {
  try {
    const { stackFrames } = await session.customRequest('stackTrace', { threadId, startFrame: 0, levels: 1 });
    const [frame] = stackFrames as { source?: { path?: string }; line: number }[];
    const path = frame?.source?.path;
    return path === undefined ? undefined : { fsPath: uriOf(path).fsPath, line: frame.line - 1 };
  } catch {
    return undefined;
  }
}

/** In a remote window, the editor replaces paths in responses with URIs. */
const uriOf = (path: string): vscode.Uri =>
  /^[\w+.-]{2,}:\/\//.test(path) ? vscode.Uri.parse(path) : vscode.Uri.file(path);
