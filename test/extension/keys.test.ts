/** The extension's keys are unassigned in VS Code on every platform, work with any focus, and are documented. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

interface KeyBinding {
  command: string;
  key: string;
  mac?: string;
  when: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const json = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
const { contributes } = json('package.json');
const bindings: KeyBinding[] = contributes.keybindings;
/** The keys that act on the selected row of our view, where they replace VS Code's keys for lists. */
const isInOurView = ({ when }: KeyBinding) => when.includes("focusedView == 'blkreplay.overlays' && listFocus");
/** VS Code's own step keys, which VS Code itself ignores while the machine runs. */
const isWhileRunning = ({ when }: KeyBinding) => when.includes("debugState == 'running'");
const everywhere = bindings.filter((binding) => !isInOurView(binding) && !isWhileRunning(binding));
const PLATFORMS = ['linux', 'windows', 'mac'] as const;

/** Sorts the modifiers of a key, so that keys can be compared. */
const canonical = (key: string) => {
  const parts = key.toLowerCase().split('+');
  return [...parts.slice(0, -1).sort(), parts.at(-1)].join('+');
};

test('VS Code assigns no command to our keys, on any platform and in any context', () => {
  const taken = json('test/extension/vscodeKeys.json');
  for (const platform of PLATFORMS) {
    const keys = new Set<string>(taken[platform].map(canonical));
    for (const known of ['f5', 'shift+f11', platform === 'mac' ? 'cmd+p' : 'ctrl+p'])
      assert.ok(keys.has(canonical(known)));
    for (const { key, mac, command } of everywhere) {
      const ours = canonical(platform === 'mac' ? (mac ?? key) : key);
      assert.ok(!keys.has(ours), `${ours} for ${command} on ${platform}`);
    }
  }
});

test('keys work in every view while a session of this debugger is active', () => {
  for (const { command, when } of everywhere) {
    const conditions = when.split(' && ');
    assert.deepEqual(conditions.slice(0, 2), ['inDebugMode', "debugType == 'blkreplay'"], command);
    const others = conditions.slice(2).filter((one) => !/^!?disassemblyViewFocus$/.test(one));
    assert.ok(
      others.every((one) => one === "debugState == 'stopped'"),
      command,
    );
  }
  const inTerminal = contributes.configurationDefaults['terminal.integrated.commandsToSkipShell'];
  assert.deepEqual(inTerminal, [...new Set(everywhere.map(({ command }) => command))]);
});

test('while the machine runs, step keys do what they do when it is stopped, except in the terminal', () => {
  // VS Code itself assigns commands to the key for Step Into both while the machine runs and while it is stopped.
  assert.deepEqual(
    bindings.filter(isWhileRunning).map(({ key, command }) => [key, command]),
    [
      ['f10', 'workbench.action.debug.stepOver'],
      ['shift+f11', 'workbench.action.debug.stepOut'],
    ],
  );
  const taken = json('test/extension/vscodeKeys.json');
  for (const { key, when } of bindings.filter(isWhileRunning)) {
    for (const platform of PLATFORMS) assert.ok(taken[platform].includes(key), `${key} on ${platform}`);
    // While the terminal has the focus, the key goes to the program in the guest, such as htop.
    assert.equal(when, "inDebugMode && debugType == 'blkreplay' && debugState == 'running' && !terminalFocus");
  }
});

test('a key has one command in each context', () => {
  const contexts = bindings.map(({ key, when }) => `${canonical(key)} ${when}`);
  assert.equal(new Set(contexts).size, contexts.length);
  for (const { key, when } of everywhere) {
    const same = everywhere.filter((other) => canonical(other.key) === canonical(key));
    if (same.length === 1) continue;
    assert.equal(same.length, 2, key);
    assert.ok(/ !?disassemblyViewFocus$/.test(when), `${key}: ${when}`);
  }
});

test('each command that is used during a session has a key, or acts on one row of a view', () => {
  const withKey = new Set(everywhere.map(({ command }) => command));
  const onRows = new Set<string>(
    Object.entries<{ command: string }[]>(contributes.menus)
      .filter(([menu]) => menu.startsWith('view/'))
      .flatMap(([, items]) => items.map(({ command }) => command)),
  );
  const without = contributes.commands
    .filter(({ enablement }: { enablement?: string }) => enablement !== 'false')
    .map(({ command }: { command: string }) => command)
    .filter((command: string) => !withKey.has(command) && !onRows.has(command) && !STARTING.has(command));
  assert.deepEqual(without, []);
});

/** The commands that start a session or help to start one. */
const STARTING = new Set([
  'blkreplay.openSample',
  'blkreplay.resumeReplay',
  'blkreplay.importQemu',
  'blkreplay.openDocumentation',
]);

test('the guide lists the keys', () => {
  const guide = readFileSync(path.join(ROOT, 'docs/guide.md'), 'utf8');
  for (const { key, command } of everywhere) {
    const shown = key.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    assert.ok(guide.includes(`| ${shown} |`), `${shown} for ${command}`);
  }
});
