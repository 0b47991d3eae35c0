import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VsCodeServer } from './install.ts';

/**
 * VS Code's web server, running on 127.0.0.1. Its settings, extensions and data are in a separate folder, which is
 * removed when it stops. The server leads a process group, which is killed as a whole, including extension hosts and
 * debug adapters.
 */
export interface RunningServer {
  url: string;
  /** The server's output so far, to diagnose timeouts. */
  log(): string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** The paths of packaged extensions, which are installed as a user would install them. */
  vsix?: string[];
  /** Lets the workbench run extension tests. This also hides notification toasts, so scenarios do not set it. */
  isForExtensionTests?: boolean;
  settings?: object;
  /** Whether VS Code asks if the user trusts a folder, as it does by default. */
  asksForTrust?: boolean;
  /** Environment variables for extensions, in addition to those of this process. */
  env?: Record<string, string>;
}

const START_MS_MAX = 120_000;
const STOP_MS_MAX = 5_000;

export async function startServer(vscode: VsCodeServer, options: ServerOptions = {}): Promise<RunningServer> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-vscode-'));
  writeSettings(data, {
    ...QUIET_SETTINGS,
    'security.workspace.trust.enabled': options.asksForTrust ?? false,
    ...options.settings,
  });
  const common = [
    ...[vscode.main, '--accept-server-license-terms', '--server-data-dir', data],
    ...['--extensions-dir', path.join(data, 'extensions')],
  ];
  for (const vsix of options.vsix ?? []) installExtension(vscode, common, vsix);
  const child = spawn(
    vscode.node,
    [
      ...[...common, '--host', '127.0.0.1', '--port', '0', '--without-connection-token'],
      ...[
        '--disable-telemetry',
        '--disable-experiments',
        ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
        '--reconnection-grace-time',
        '10',
      ],
      ...(options.isForExtensionTests ? ['--enable-smoke-test-driver'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnvironment(), ...options.env }, detached: true },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  const stop = stopper(child, data);
  try {
    return { url: await listening(child, () => log), log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Settings that turn off the welcome page, release notes and network access. */
const QUIET_SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'remote.autoForwardPorts': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
};

/**
 * Writes the settings twice, because a remote window reads machine settings and user settings from the same data
 * folder.
 */
function writeSettings(data: string, settings: object): void {
  for (const kind of ['Machine', 'User']) {
    const folder = path.join(data, 'data', kind);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings));
  }
}

function installExtension(vscode: VsCodeServer, common: string[], vsix: string): void {
  const args = [...common, '--install-extension', vsix, '--force'];
  const { status, stdout, stderr } = spawnSync(vscode.node, args, { encoding: 'utf8', env: cleanEnvironment() });
  if (status !== 0) throw new Error(`VS Code does not install ${vsix}:\n${stdout}${stderr}`);
}

/**
 * The environment without the variables that VS Code sets for its child processes, in case VS Code started the tests.
 */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VSCODE_')));
}

function listening(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`VS Code's server does not start:\n${log()}`)), START_MS_MAX);
    const look = () => {
      const found = /Extension host agent listening on (\d+)/.exec(log());
      if (!found) return;
      clearTimeout(late);
      resolve(`http://127.0.0.1:${found[1]}`);
    };
    child.stdout!.on('data', look);
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`VS Code's server has ended with status ${code}:\n${log()}`));
    });
  });
}

function stopper(child: ChildProcess, data: string): () => Promise<void> {
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // The process group has already ended.
    }
  };
  const atExit = () => signalGroup('SIGKILL');
  process.once('exit', atExit);
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      signalGroup('SIGTERM');
      const late = setTimeout(() => signalGroup('SIGKILL'), STOP_MS_MAX);
      await gone;
      clearTimeout(late);
    }
    signalGroup('SIGKILL');
    process.off('exit', atExit);
    fs.rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
}
