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
  /** What happens when a question is shown; returns the label of the button that the user presses. */
  answer: (question: string) => string | undefined;
  /** The data of the most recent tree view. */
  tree: unknown;
  /** The most recent editor for files that are not text. */
  editor: unknown;
} = { shown: [], typed: '', commands: new Map(), answer: () => undefined, tree: undefined, editor: undefined };

const show = (how: Notification['how']) => (text: string) => {
  state.shown.push({ how, text });
  return Promise.resolve(undefined);
};

/** A modal warning is a question, not a message about a problem. */
const warn = (text: string, options?: { modal?: boolean }) =>
  options?.modal ? Promise.resolve(state.answer(text)) : show('warning')(text);

interface InputBox {
  validateInput: (text: string) => string | undefined;
}

const disposable = () => ({ dispose: () => {} });

export const window: Record<string, unknown> = {
  showErrorMessage: show('error'),
  showWarningMessage: warn,
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
  withProgress: (_options: unknown, run: () => unknown) => run(),
  createTreeView: (_id: string, { treeDataProvider }: { treeDataProvider: unknown }) => {
    state.tree = treeDataProvider;
    return { ...disposable(), selection: [] };
  },
  registerCustomEditorProvider: (_id: string, editor: unknown) => {
    state.editor = editor;
    return disposable();
  },
};

export const env = { clipboard: { readText: () => Promise.resolve('') } };

export const workspace: Record<string, unknown> = {
  workspaceFolders: [],
  isTrusted: true,
  getConfiguration: () => ({ get: (_name: string, otherwise?: unknown) => otherwise }),
  openTextDocument: () => Promise.reject(new Error('there is no such document')),
  findFiles: () => Promise.resolve([]),
  getWorkspaceFolder: () => undefined,
  createFileSystemWatcher: () => ({ ...disposable(), onDidCreate: disposable, onDidDelete: disposable }),
};

export const commands = {
  registerCommand: (name: string, run: () => unknown) => {
    state.commands.set(name, run);
    return disposable();
  },
  executeCommand: () => Promise.resolve(),
};

export const debug = { registerDebugAdapterTrackerFactory: disposable };
export const Disposable = { from: disposable };
export const ProgressLocation = { Window: 10, Notification: 15 };
export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const Uri = {
  joinPath: (uri: unknown) => uri,
  file: (fsPath: string) => ({ scheme: 'file', fsPath, path: fsPath }),
};

export class RelativePattern {}

export class ThemeIcon {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class TreeItem {
  readonly label: string;

  constructor(label: string) {
    this.label = label;
  }
}

export class EventEmitter<T> {
  private listeners: ((value: T) => unknown)[] = [];
  readonly event = (listener: (value: T) => unknown) => void this.listeners.push(listener);

  fire(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}
