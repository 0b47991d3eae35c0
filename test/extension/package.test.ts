/** package.json agrees with the code: every setting, command and icon exists in both. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { listFiles, PackageManager } from '@vscode/vsce';
import ts from 'typescript';
import { parseLaunch } from '../support/launch.ts';
import { PREFERENCES } from '../../extension/configuration/defaults.ts';
import { longTest } from '../support/extent.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const { contributes } = manifest;
const [blkreplay] = contributes.debuggers;
const schema = blkreplay.configurationAttributes.launch.properties;

/** The names of the settings that the parser reads from a launch configuration and from a drive in it. */
function settingsAskedFor(): { launch: Set<string>; drive: Set<string> } {
  const asked = { launch: new Set<string>(), drive: new Set<string>() };
  const spy = (target: object, names: Set<string>) =>
    new Proxy(target, {
      get(object, name) {
        if (typeof name === 'string') names.add(name);
        return Reflect.get(object, name);
      },
    });
  const drive = spy({ id: 'hd0', image: 'disk.img', format: 'raw' }, asked.drive);
  parseLaunch(spy({ rr: 'record', rrfile: 'boot.rr', kernel: 'kernel.elf', drives: [drive] }, asked.launch));
  return asked;
}

test('the schema contains exactly the settings that the adapter reads', () => {
  const { launch, drive } = settingsAskedFor();
  // The editor sets this as an alternative to cwd; users cannot set it.
  launch.delete('workspaceFolder');
  // The extension itself sets this.
  launch.delete('workspaceVisualizerFiles');
  assert.deepEqual(Object.keys(schema).sort(), [...launch].sort());
  assert.deepEqual(Object.keys(schema.drives.items.properties).sort(), [...drive].sort());
});

test('the adapter accepts every value that the schema offers', () => {
  const base = { rr: 'record', rrfile: 'boot.rr', kernel: 'kernel.elf' };
  for (const [name, { enum: words = [], default: preset }] of Object.entries<{ enum?: unknown[]; default?: unknown }>(
    schema,
  )) {
    const values = [...words, ...(preset === undefined ? [] : [preset])];
    for (const value of values) parseLaunch({ ...base, [name]: value });
  }
  for (const format of schema.drives.items.properties.format.enum) {
    parseLaunch({ ...base, drives: [{ id: 'hd0', image: 'disk.img', format }] });
  }
});

test('each setting has a description', () => {
  for (const [name, setting] of Object.entries<{ markdownDescription: string; enum?: []; enumDescriptions?: [] }>({
    ...schema,
    ...schema.drives.items.properties,
  })) {
    assert.match(setting.markdownDescription, /\.$/, name);
    if (setting.enum && setting.enum.length > 1)
      assert.equal(setting.enumDescriptions?.length, setting.enum.length, name);
  }
});

test('the parser accepts the initial configurations and the snippets', () => {
  /** Expands a snippet as the editor does, with the default of each placeholder and the first value of each choice. */
  const filled = (text: string) =>
    text
      .replace(/^\^"(.*)"$/, '$1')
      .replaceAll(/\$\{\d+\|([^,|]*)[^}]*\}/g, '$1')
      .replaceAll(/\$\{\d+:([^}]*)\}/g, '$1')
      .replaceAll('\\$', '$');
  const snippets = blkreplay.configurationSnippets.map(({ body }: { body: object }) =>
    JSON.parse(JSON.stringify(body), (_, value) => (typeof value === 'string' ? filled(value) : value)),
  );
  for (const configuration of [...blkreplay.initialConfigurations, ...snippets]) {
    parseLaunch(configuration);
    for (const name of Object.keys(configuration)) {
      assert.ok(name in schema || ['type', 'request', 'name'].includes(name), name);
    }
    assert.doesNotMatch(JSON.stringify(configuration), /\$\{\d|\\\\\$/, 'nothing is left to fill in');
  }
});

test('apart from their names, the record and replay configurations differ in only one word', () => {
  const [record, replay] = blkreplay.initialConfigurations;
  assert.deepEqual({ ...record, name: '', rr: '' }, { ...replay, name: '', rr: '' });
  assert.deepEqual([record.rr, replay.rr], ['record', 'replay']);
});

test('each command is declared and registered once, and menus and keys use only declared commands', () => {
  const announced = contributes.commands.map(({ command }: { command: string }) => command).sort();
  const disabled = contributes.commands
    .filter(({ enablement }: { enablement?: string }) => enablement === 'false')
    .map(({ command }: { command: string }) => command);
  assert.deepEqual([...registeredCommands(), ...disabled].sort(), announced);
  const used = [...Object.values<{ command: string }[]>(contributes.menus).flat(), ...contributes.keybindings].map(
    ({ command }) => command,
  );
  /** VS Code itself provides the command that moves the focus to a view. */
  const known = [...announced, ...contributes.views.debug.map(({ id }: { id: string }) => `${id}.focus`)];
  for (const command of used.filter((name) => name.startsWith('blkreplay.'))) assert.ok(known.includes(command));
});

test('a button of the debug toolbar is gray while the command is disabled', () => {
  // VS Code grays out its own icons, but only dims image files. A second command with a gray image is therefore shown
  // instead.
  const buttons: { command: string; when: string }[] = contributes.menus['debug/toolBar'];
  const commands = new Map<string, { title: string; icon: { light: string }; enablement: string }>(
    contributes.commands.map((one: { command: string }) => [one.command, one]),
  );
  for (const { command, when } of buttons.filter((button) => !button.command.endsWith('Disabled'))) {
    assert.match(when, /debugState == 'stopped'/);
    const { title, icon } = commands.get(command)!;
    const gray = buttons.find(
      (button) => /Disabled$/.test(button.command) && commands.get(button.command)!.title === title,
    )!;
    assert.match(gray.when, /debugState != 'stopped'$/);
    const { enablement, icon: grayIcon } = commands.get(gray.command)!;
    assert.equal(enablement, 'false');
    assert.equal(grayIcon.light, icon.light.replace('-light', '-disabled-light'));
  }
});

test('commands that act on a view item are offered only on such items, not in the command palette', () => {
  const hidden = contributes.menus.commandPalette
    .filter(({ when }: { when: string }) => when === 'false')
    .map(({ command }: { command: string }) => command);
  assert.ok(hidden.includes('blkreplay.renameSnapshot') && !hidden.includes('blkreplay.goToPosition'));
});

test('each icon in package.json exists as a file', () => {
  const icons = [manifest.icon, ...JSON.stringify(contributes).matchAll(/"(media\/[^"]+)"/g)].map((found) =>
    typeof found === 'string' ? found : found[1],
  );
  assert.ok(icons.length >= 6);
  for (const icon of icons) assert.ok(existsSync(path.join(ROOT, icon)), icon);
  const png = readFileSync(path.join(ROOT, manifest.icon));
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 128]);
});

test('each step of the walkthrough has a small picture with an alternative text, and buttons that exist', () => {
  const [{ steps }] = contributes.walkthroughs;
  const known = contributes.commands.map(({ command }: { command: string }) => command);
  for (const { id, description, media } of steps) {
    assert.match(media.altText, /\.$/, id);
    assert.ok(readFileSync(path.join(ROOT, media.svg)).length < 4096, id);
    const buttons = [...description.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command);
    assert.ok(buttons.length > 0, id);
    for (const command of buttons) assert.ok(!command.startsWith('blkreplay.') || known.includes(command), command);
  }
});

test('texts of the walkthrough use only the markup that VS Code shows there', () => {
  const [{ steps }] = contributes.walkthroughs;
  for (const { id, description } of steps) {
    const plain = description.replaceAll(/\*\*|``/g, '');
    assert.doesNotMatch(plain, /[*`]/, id);
  }
});

/** Settings that do not depend on the launch configuration. */
const NOT_IN_LAUNCH = ['blkreplay.showStopReason'];

test('each setting that the extension reads exists', () => {
  const sources = globSync('extension/**/*.ts', { cwd: ROOT }).map((file) =>
    readFileSync(path.join(ROOT, file), 'utf8'),
  );
  const read = sources.flatMap((text) => [...text.matchAll(/getConfiguration\('blkreplay'\)\s*\.get\('(\w+)'/g)]);
  assert.ok(read.length > 0);
  for (const [, name] of read) assert.ok(`blkreplay.${name}` in contributes.configuration.properties, name);
});

test('each setting of the editor is a default for a setting in launch.json, with the same values', () => {
  const all: [string, { enum?: unknown; default: unknown; markdownDescription: string }][] = Object.entries(
    contributes.configuration.properties,
  );
  const settings = all.filter(([name]) => !NOT_IN_LAUNCH.includes(name));
  assert.deepEqual(settings.map(([name]) => name.replace('blkreplay.', '')).sort(), [...PREFERENCES].sort());
  for (const [name, setting] of settings) {
    const inLaunch = schema[name.replace('blkreplay.', '')];
    assert.deepEqual([setting.enum, setting.default], [inLaunch.enum, inLaunch.default], name);
    assert.ok(inLaunch.markdownDescription.includes(`\`${name}\``), name);
    parseLaunch({ rrfile: 'boot.rr', kernel: 'kernel.elf', [name.replace('blkreplay.', '')]: setting.default });
  }
});

test('nothing runs in a workspace that is not trusted', () => {
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, false);
  assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
});

const PACKAGE_BYTES_MAX = 2 << 20;
/** The text of the extension's page in VS Code. `npm run package` uses the same file name. */
const README = 'dist/README.md';

longTest('the package contains only the extension and its documentation, and is small', async () => {
  const options = { cwd: ROOT, packageManager: PackageManager.None, readmePath: README };
  const files = (await listFiles(options)).sort();
  const sample = files.filter((file) => file.startsWith('dist/sample/'));
  assert.ok(sample.includes('dist/sample/.vscode/launch.json') && sample.includes('dist/sample/demo/statistics.c'));
  assert.deepEqual(
    files.filter((file) => !/^(media|docs)\//.test(file) && !sample.includes(file)),
    [
      ...['CHANGELOG.md', 'LICENSE', README, 'dist/THIRD_PARTY_NOTICES.txt'],
      ...['dist/cli-main.js', 'dist/cli-worker.js', 'dist/cli.js', 'dist/debug-adapter.js', 'dist/engine-worker.js'],
      ...['dist/extension.cjs', 'dist/package.json', 'dist/symbol-index-worker.js'],
      ...['package.json', 'syntaxes/assembly-language.json', 'syntaxes/assembly.tmLanguage.json'],
    ],
  );
  assert.ok(files.includes(path.posix.normalize(manifest.main)));
  for (const document of globSync('docs/*.md', { cwd: ROOT })) assert.ok(files.includes(document), document);
  const bytes = files.map((file) => deflateRawSync(readFileSync(path.join(ROOT, file))).length);
  assert.ok(bytes.reduce((sum, one) => sum + one) < PACKAGE_BYTES_MAX);
});

/**
 * The commands that the sources register by calling `registerCommand('blkreplay.x', …)` or, in extension/overlays,
 * `on('x', …)` or `register('x', …)`.
 */
function registeredCommands(): string[] {
  const files = readdirSync(path.join(ROOT, 'extension'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(path.join(ROOT, 'extension', file), 'utf8');
      const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
      return commandsIn(source);
    });
}

function commandsIn(node: ts.Node): string[] {
  const below: string[] = [];
  node.forEachChild((child) => void below.push(...commandsIn(child)));
  if (!ts.isCallExpression(node) || !node.arguments[0] || !ts.isStringLiteral(node.arguments[0])) return below;
  const called = node.expression.getText();
  const name = node.arguments[0].text;
  if (called === 'vscode.commands.registerCommand') return [...below, name];
  return called === 'on' || called === 'register' ? [...below, `blkreplay.${name}`] : below;
}
