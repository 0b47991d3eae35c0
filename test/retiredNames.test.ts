/** Identifiers and file names use the terms of this field, and none of them is a retired name. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Words that no identifier or file name may contain, regardless of case, and their replacements. */
const RETIRED_WORDS: Readonly<Record<string, string>> = {
  anchor: 'snapshot',
  moment: 'snapshot, or state',
  picture: 'snapshot',
  checkpoint: 'automatic snapshot',
  surroundings: 'environment, or context',
  wiring: 'slots',
  complaint: 'diagnostic',
  complain: 'report',
  finisher: 'test device',
  begun: 'start',
  mail: 'request, or event',
  door: 'server host',
  world: 'host, or environment',
};

/** Names that no identifier or file may have, and their replacements. Longer names may contain them. */
const RETIRED_NAMES: Readonly<Record<string, string>> = {
  place: 'location, position, offset or address',
  Place: 'location, position, offset or address',
  places: 'locations, positions, offsets or addresses',
  present: 'liveEnd',
  Present: 'LiveEnd',
  leavePresent: 'leaveLiveEnd',
  returnToPresent: 'returnToLiveEnd',
  past: 'history',
  Turn: 'RunOwner, or quantum',
  Turns: 'HartScheduler',
  turns: 'scheduler',
  isMeant: 'condition',
  HartBanks: 'HartContexts',
  banks: 'contexts',
  Words: 'tokens, or arguments',
  understand: 'decode',
  understands: 'features',
  Order: 'command',
  said: 'output',
  Said: 'output',
  told: 'reported',
  heard: 'received',
  ToEngine: 'EngineRequest',
  FromEngine: 'EngineEvent',
  stuck: 'haltedForever',
  Finish: 'TestDeviceResult',
  readyMade: 'prebuilt',
  note: 'record, or observe',
  notes: 'records',
  walkBack: 'reverseStep...',
  WalkBack: 'ReverseLineStep',
  share: 'hash, or contribution',
  shares: 'hashes, or contributions',
  stand: 'current',
  Stand: 'current',
  InlineStand: 'InlineFrames',
  Found: 'what it is',
  Given: 'what it is',
  RamImage: 'RamSnapshot',
  RamImages: 'RamSnapshots',
};

/** Retired names that other projects define or that a published format contains, with the files that may use them. */
const KEPT: Readonly<Record<string, RegExp>> = {
  // A key in the custom DAP requests and events.
  place:
    /^(debug-adapter\/dap\/(customProtocol|requests\/snapshots)|extension\/overlays\/\w+|test\/(dap|extension)\/.*|test\/support\/dapClient)\.ts$/,
  // A key in the output of `qemu-img map --output=json`.
  present: /^(debug-adapter\/cli\/fileCommandOutput|test\/engine\/block\/qcow2\/qemuMatrix.*)\.ts$/,
  // A key in the saved state of a machine.
  begun: /^debug-adapter\/engine\/block\/blkreplay\.ts$/,
  // Refers to the function journal_checkpoint in the demo guest.
  JOURNAL_CHECKPOINT: /^test\/engine\/timeline\/interruptedRuns/,
};

test('no identifier or file has a retired name', () => {
  const files = ['debug-adapter', 'extension', 'scripts', 'test'].flatMap(sourcesIn);
  assert.ok(files.length > 600, 'the sources were found');
  assert.deepEqual(files.flatMap(retiredIn), []);
});

test('the check finds retired names and nothing else', () => {
  const names = (text: string) => namesIn('a.ts', text).filter((name) => replacement(name) !== undefined);
  assert.deepEqual(names('const readAnchor = 1; class Turns { #complain() { return this.turnsLeft } }'), [
    'readAnchor',
    'Turns',
    'complain',
  ]);
  assert.deepEqual(names("const placeholder = 'anchor'; const isPresent = replaceAll; // moment"), []);
  assert.match(replacement('walkBack')!, /reverseStep/);
});

function retiredIn(file: string): string[] {
  const names = [path.basename(file).split('.')[0], ...namesIn(file, readFileSync(path.join(ROOT, file), 'utf8'))];
  return [...new Set(names)].flatMap((name) => {
    const instead = replacement(name);
    return instead === undefined || KEPT[name]?.test(file) ? [] : [`${file}: write ${instead} instead of ${name}`];
  });
}

function replacement(name: string): string | undefined {
  const word = wordsOf(name).find((each) => each in RETIRED_WORDS || singular(each) in RETIRED_WORDS);
  if (word !== undefined) return RETIRED_WORDS[word] ?? RETIRED_WORDS[singular(word)];
  return Object.hasOwn(RETIRED_NAMES, name) ? RETIRED_NAMES[name] : undefined;
}

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _-]/);

const singular = (word: string): string => word.replace(/s$/, '');

/** Every identifier in a source file, listed once. The `#` of private names is removed. */
function namesIn(file: string, text: string): string[] {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) names.add(node.text.replace('#', ''));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return [...names];
}

const sourcesIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && name !== path.basename(import.meta.filename))
    .map((name) => path.join(folder, name))
    .sort();
