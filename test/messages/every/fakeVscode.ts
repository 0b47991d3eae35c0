// The parts of VS Code's API that the rows for the extension need. They record what the user would see.

/** A notification, or the message below an input box. */
export interface Notification {
  how: 'error' | 'warning' | 'information' | 'input';
  text: string;
}

export const state: {
  shown: Notification[];
  /** What the user types into the next input box. */
  typed: string;
  commands: Map<string, () => unknown>;
} = { shown: [], typed: '', commands: new Map() };

const show = (how: Notification['how']) => (text: string) => {
  state.shown.push({ how, text });
  return Promise.resolve(undefined);
};

interface InputBox {
  validateInput: (text: string) => string | undefined;
}

export const window = {
  showErrorMessage: show('error'),
  showWarningMessage: show('warning'),
  showInformationMessage: show('information'),
  showInputBox: ({ validateInput }: InputBox) => {
    const problem = validateInput(state.typed);
    if (problem !== undefined) state.shown.push({ how: 'input', text: problem });
    return Promise.resolve(undefined);
  },
  showQuickPick: (items: readonly unknown[], { canPickMany = false } = {}) =>
    Promise.resolve(canPickMany ? items : items[0]),
  createTerminal: () => ({}),
  setStatusBarMessage: () => undefined,
  showTextDocument: () => Promise.resolve(),
};

export const workspace: Record<string, unknown> = {
  workspaceFolders: [],
  isTrusted: true,
  getConfiguration: () => ({ get: (_name: string, otherwise?: unknown) => otherwise }),
  openTextDocument: () => Promise.reject(new Error('there is no such document')),
  findFiles: () => Promise.resolve([]),
};

export const commands = {
  registerCommand: (name: string, run: () => unknown) => {
    state.commands.set(name, run);
    return { dispose: () => {} };
  },
  executeCommand: () => Promise.resolve(),
};

export const debug = { registerDebugAdapterTrackerFactory: () => ({ dispose: () => {} }) };
export const Disposable = { from: () => ({ dispose: () => {} }) };
export const ProgressLocation = { Window: 10, Notification: 15 };
export const Uri = { joinPath: (uri: unknown) => uri };

export class RelativePattern {}
export class ThemeIcon {}

export class EventEmitter<T> {
  private listeners: ((value: T) => unknown)[] = [];
  readonly event = (listener: (value: T) => unknown) => void this.listeners.push(listener);

  fire(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}
