import * as vscode from 'vscode';
import type {
  DiskBreakpoint,
  DriveOverview,
  EventBreakpoint,
  Overview,
  SetEventBreakpointsArguments,
} from '../../debug-adapter/dap/customProtocol.ts';
import {
  breakOnConsoleTitle,
  breakOnDiskTitle,
  breakpointSet,
  breakpointsRestored,
  consoleTextPrompt,
  diskRequestsPrompt,
  drivePrompt,
  everyDrive,
  noDrives,
  noEventBreakpoints,
  removeBreakpointsPrompt,
  removeBreakpointsTitle,
  sectorsPrompt,
} from '../../debug-adapter/messages/extension.ts';
import type { AdapterMessages } from '../feedback/adapterMessages.ts';
import type { Sessions } from '../sessions.ts';
import {
  breakpointLabel,
  consoleTextProblem,
  DISK_REQUESTS,
  diskBreakpoint,
  hasSectors,
  sectorsProblem,
} from './eventBreakpointText.ts';
import { EventBreakpointLists } from './eventBreakpointLists.ts';
import { currentSession, sendRequest } from './requests.ts';

const SECTOR_BYTES = 512;
const STATUS_MS = 5000;

/**
 * Registers the commands that set and remove breakpoints on disk requests and on console text. VS Code does not list
 * such breakpoints, so the extension keeps a list for each configuration in the workspace's state.
 */
export function registerEventBreakpoints(
  { workspaceState }: vscode.ExtensionContext,
  sessions: Sessions,
  messages: AdapterMessages,
): vscode.Disposable {
  const lists: Lists = new EventBreakpointLists({
    storage: {
      get: (key) => workspaceState.get(key),
      set: (key, breakpoints) => void workspaceState.update(key, breakpoints),
    },
    keyOf: ({ configuration, workspaceFolder }) =>
      `eventBreakpoints ${workspaceFolder?.uri.toString() ?? ''} ${configuration.name}`,
    send: (session, breakpoints) =>
      sendRequest(session, 'blkreplay/setEventBreakpoints', { breakpoints } satisfies SetEventBreakpointsArguments),
  });
  const inSession = (run: (session: vscode.DebugSession, lists: Lists) => Promise<void>) => async () => {
    const session = currentSession(sessions);
    if (session) await run(session, lists);
  };
  return vscode.Disposable.from(
    messages.onInitialized((session) => void restore(session, lists)),
    vscode.commands.registerCommand('blkreplay.breakOnDiskAccess', inSession(breakOnDiskAccess)),
    vscode.commands.registerCommand('blkreplay.breakOnConsoleText', inSession(breakOnConsoleText)),
    vscode.commands.registerCommand('blkreplay.removeEventBreakpoints', inSession(removeBreakpoints)),
  );
}

type Lists = EventBreakpointLists<vscode.DebugSession>;

async function restore(session: vscode.DebugSession, lists: Lists): Promise<void> {
  const count = await lists.restore(session);
  if (count > 0) vscode.window.setStatusBarMessage(breakpointsRestored(count), STATUS_MS);
}

async function breakOnDiskAccess(session: vscode.DebugSession, lists: Lists): Promise<void> {
  const overview = await sendRequest<Overview>(session, 'blkreplay/overview');
  const breakpoint = overview && (await askDiskBreakpoint(overview.drives));
  if (breakpoint) await add(session, lists, breakpoint);
}

async function breakOnConsoleText(session: vscode.DebugSession, lists: Lists): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: breakOnConsoleTitle(),
    prompt: consoleTextPrompt(),
    validateInput: consoleTextProblem,
  });
  if (text !== undefined) await add(session, lists, { kind: 'console', text });
}

async function removeBreakpoints(session: vscode.DebugSession, lists: Lists): Promise<void> {
  const existing = lists.of(session);
  if (existing.length === 0) return void vscode.window.showInformationMessage(noEventBreakpoints());
  const picked = await vscode.window.showQuickPick(
    existing.map((breakpoint) => ({ label: breakpointLabel(breakpoint), breakpoint })),
    { title: removeBreakpointsTitle(), placeHolder: removeBreakpointsPrompt(), canPickMany: true },
  );
  if (!picked || picked.length === 0) return;
  await lists.remove(
    session,
    picked.map(({ breakpoint }) => breakpoint),
  );
}

async function add(session: vscode.DebugSession, lists: Lists, breakpoint: EventBreakpoint): Promise<void> {
  const result = await lists.add(session, breakpoint);
  if (result.kind === 'added') vscode.window.setStatusBarMessage(breakpointSet(breakpointLabel(breakpoint)), STATUS_MS);
  if (result.kind === 'refused' && result.message) void vscode.window.showErrorMessage(result.message);
}

/** Asks the user for the details of a disk breakpoint; undefined if the user cancels. */
async function askDiskBreakpoint(drives: readonly DriveOverview[]): Promise<DiskBreakpoint | undefined> {
  if (drives.length === 0) return void vscode.window.showInformationMessage(noDrives());
  const chosen = await askDrive(drives);
  if (!chosen) return undefined;
  const picked = await vscode.window.showQuickPick(
    DISK_REQUESTS.map((request) => ({ label: request, request, picked: true })),
    { title: breakOnDiskTitle(), placeHolder: diskRequestsPrompt(), canPickMany: true },
  );
  if (!picked || picked.length === 0) return undefined;
  const requests = picked.map(({ request }) => request);
  const { drive } = chosen;
  if (!requests.some(hasSectors)) return diskBreakpoint({ drive, requests, sectors: '' });
  const last = lastSector(drives.filter(({ id }) => drive === undefined || drive === id));
  const sectors = await vscode.window.showInputBox({
    title: breakOnDiskTitle(),
    prompt: sectorsPrompt({ last, sectorBytes: SECTOR_BYTES, includesFlush: requests.includes('flush') }),
    validateInput: (typed) => sectorsProblem(typed, last),
  });
  return sectors === undefined ? undefined : diskBreakpoint({ drive, requests, sectors });
}

/**
 * Asks the user which drive to watch; undefined if the user cancels. In the result, an undefined `drive` means all
 * drives.
 */
async function askDrive(drives: readonly DriveOverview[]): Promise<{ drive?: string } | undefined> {
  if (drives.length === 1) return { drive: drives[0].id };
  const items = drives.map(({ id, chain }) => ({ label: id, drive: id, description: chain[0]?.file }));
  return vscode.window.showQuickPick<vscode.QuickPickItem & { drive?: string }>([{ label: everyDrive() }, ...items], {
    title: breakOnDiskTitle(),
    placeHolder: drivePrompt(),
  });
}

/** The last sector of the largest of these drives; undefined if a size is not known. */
function lastSector(drives: readonly DriveOverview[]): number | undefined {
  const sizes = drives.map(({ chain }) => chain[0]?.virtualBytes ?? 0);
  return sizes.includes(0) ? undefined : Math.ceil(Math.max(...sizes) / SECTOR_BYTES) - 1;
}
