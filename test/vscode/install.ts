import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/**
 * Installs real VS Code using only the npm registry, for machines that cannot download the desktop version. The npm
 * package code-server contains VS Code's web server: the real workbench and a real extension host. The wrapper that
 * code-server adds is not used. Each version has a separate folder, `.vscode-test/server-<version>` (0.8 GB, about 2
 * min with an empty npm cache); a completely installed one is reused. `node test/vscode/install.ts` installs it before
 * the tests.
 */
export interface VsCodeServer {
  version: string;
  /** The path of the Node executable that runs the server. */
  node: string;
  main: string;
}

/** The newest version of code-server that was tested. 4.139.1 contains VS Code 1.139.1. */
export const NEWEST_VERSION = '4.139.1';
/** The oldest version that package.json supports. */
export const OLDEST_VERSION = '4.100.0';
const COMPLETE = 'complete';

export function installServer(version = process.env.VSCODE_SERVER_VERSION || NEWEST_VERSION): VsCodeServer {
  const folder = path.resolve(import.meta.dirname, '../../.vscode-test', `server-${version}`);
  const server = {
    version,
    node: path.join(folder, 'node/bin/node'),
    main: path.join(folder, 'code-server/lib/vscode/out/server-main.js'),
  };
  if (fs.existsSync(path.join(folder, COMPLETE))) return server;
  console.log(`Installing the VS Code web server of code-server ${version} into .vscode-test (once, about 2 minutes)`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  unpack({ folder, name: 'code-server', wanted: `code-server@${version}` });
  unpack({ folder, name: 'node', wanted: nodePackage(path.join(folder, 'code-server')) });
  installModules(folder);
  installRipgrep(folder);
  fs.writeFileSync(path.join(folder, COMPLETE), '');
  return server;
}

/**
 * Native modules can be loaded only by the version of Node for which they were built, so the server runs on that
 * version, no matter which version runs the tests.
 */
function nodePackage(codeServer: string): string {
  const { engines } = JSON.parse(fs.readFileSync(path.join(codeServer, 'package.json'), 'utf8'));
  const name = `node-linux-${process.arch}`;
  const [major] = /\d+/.exec(engines.node)!;
  const versions: string[] = [JSON.parse(npm(['view', `${name}@${major}`, 'version', '--json']))].flat();
  versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return `${name}@${versions.at(-1)}`;
}

function unpack({ folder, name, wanted }: { folder: string; name: string; wanted: string }): void {
  const file = npm(['pack', '--silent', wanted], { cwd: folder }).trim().split('\n').at(-1)!;
  fs.mkdirSync(path.join(folder, name));
  run('tar', ['xzf', file, '-C', name, '--strip-components=1'], { cwd: folder });
  fs.rmSync(path.join(folder, file));
}

function installModules(folder: string): void {
  const vscode = path.join(folder, 'code-server/lib/vscode');
  const nodeFolder = path.join(folder, 'node');
  const install = ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  npm(install, { cwd: vscode, nodeFolder });
  // Builds the two native modules that are published without a binary: spdlog writes the contents of output channels,
  // and native-watchdog ends extension hosts whose server has exited.
  npm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog', '--loglevel=error'], { cwd: vscode, nodeFolder });
  // Installs TypeScript for VS Code's built-in language features.
  npm(install, { cwd: path.join(vscode, 'extensions'), nodeFolder });
}

/** Searching for files needs ripgrep. Older versions of VS Code download it in an install script, which is not run. */
function installRipgrep(folder: string): void {
  const modules = path.join(folder, 'code-server/lib/vscode/node_modules/@vscode');
  const program = path.join(modules, 'ripgrep/bin/rg');
  if (!fs.existsSync(path.join(modules, 'ripgrep')) || fs.existsSync(program)) return;
  unpack({ folder, name: 'ripgrep', wanted: '@vscode/ripgrep-universal' });
  fs.mkdirSync(path.dirname(program), { recursive: true });
  fs.copyFileSync(path.join(folder, `ripgrep/bin/linux-${process.arch}/rg`), program);
  fs.chmodSync(program, 0o755);
}

function npm(args: string[], { cwd, nodeFolder }: { cwd?: string; nodeFolder?: string } = {}): string {
  const env = { ...process.env };
  // If an `npm run` started this process, its variables describe our package, so they are removed.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle|config_local_prefix)/.test(name)) delete env[name];
  if (nodeFolder) {
    env.PATH = `${path.join(nodeFolder, 'bin')}${path.delimiter}${env.PATH}`;
    env.npm_config_nodedir = nodeFolder;
  }
  return run('npm', args, { cwd, env });
}

function run(program: string, args: string[], options: SpawnSyncOptions): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed\n${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

if (import.meta.filename === process.argv[1]) console.log(installServer());
