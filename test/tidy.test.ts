/** Imports follow the module map in ARCHITECTURE.md, and every test file starts with a one-sentence description.
 *
 * A new dependency between modules is a design decision: discuss it before you add it to the map here.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import ts from 'typescript';
import { TIERS } from '../scripts/testFiles.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const ENGINE = 'debug-adapter/engine';
const MESSAGES = 'debug-adapter/messages';

/**
 * For each module, the modules that it may import. Imports within a module and imports of messages are always allowed.
 */
const ROOMS: Record<string, string[]> = {
  [`${ENGINE}/base`]: [],
  [MESSAGES]: [],
  [`${ENGINE}/block`]: ['base'].map(inEngine),
  [`${ENGINE}/isa`]: ['base'].map(inEngine),
  [`${ENGINE}/symbols`]: ['base', 'isa', 'target'].map(inEngine),
  [`${ENGINE}/disassembly`]: ['base', 'isa'].map(inEngine),
  [`${ENGINE}/target`]: ['base'].map(inEngine),
  [`${ENGINE}/machine`]: ['base', 'block', 'isa', 'target'].map(inEngine),
  [`${ENGINE}/recording`]: ['base', 'block', 'machine'].map(inEngine),
  [`${ENGINE}/timeline`]: ['base', 'block', 'machine', 'recording', 'target'].map(inEngine),
  [`${ENGINE}/session`]: ['base', 'disassembly', 'isa', 'machine', 'symbols', 'target', 'timeline'].map(inEngine),
  [ENGINE]: ['base', 'isa', 'machine', 'recording', 'timeline', 'session', 'symbols', 'disassembly', 'target'].map(
    inEngine,
  ),
  'debug-adapter/host': ['base', 'recording'].map(inEngine),
  'debug-adapter/gdb': [ENGINE],
  'debug-adapter/dap': [ENGINE, 'debug-adapter/gdb'],
  'debug-adapter/main.ts': ['debug-adapter/dap', 'debug-adapter/host'],
  'debug-adapter/commandLine.ts': ['debug-adapter/cli', 'debug-adapter/host'],
  'debug-adapter/commandWorker.ts': ['debug-adapter/cli', 'debug-adapter/host'],
  'debug-adapter/engineWorker.ts': ['debug-adapter/dap', 'debug-adapter/host'],
  'debug-adapter/symbolIndexWorker.ts': [ENGINE, 'debug-adapter/host'],
  extension: ['debug-adapter/dap', ENGINE],
  'debug-adapter/cli': [ENGINE, 'debug-adapter/host', 'debug-adapter/gdb'],
};

/**
 * For each module (first key) that may import only contracts from another module (second key), the files with these
 * contracts.
 */
const CONTRACTS: Record<string, Record<string, RegExp>> = {
  [`${ENGINE}/machine`]: { [`${ENGINE}/block`]: /\/(drive|blockRequest)\.ts$/ },
  [`${ENGINE}/recording`]: {
    [`${ENGINE}/block`]: /\/blockRequest\.ts$/,
    [`${ENGINE}/machine`]: /\/(inputs|machineDigest|ports\/\w+)\.ts$/,
  },
  // The symbols module compiles conditions to predicates that the machine evaluates.
  [`${ENGINE}/symbols`]: { [`${ENGINE}/target`]: /\/(predicate|inspector)\.ts$/ },
  // A session uses its target, not the machine behind it, but it reads boot files for their symbols.
  [`${ENGINE}/session`]: {
    [`${ENGINE}/machine`]: /\/(memoryMap|boot\/\w+)\.ts$/,
    [`${ENGINE}/timeline`]: /\/bootFiles\.ts$/,
  },
  extension: {
    [MESSAGES]: /\/(extension\w*|qemuImport|userError)\.ts$/,
    'debug-adapter/dap': /\/(customProtocol|launchConfiguration)\.ts$/,
    [ENGINE]: /\/engine\/limits\.ts$/,
  },
  'debug-adapter/host': { [`${ENGINE}/recording`]: /\/inputs\/realtimeIdle\.ts$/ },
};

/** The modules that use Node. All others run wherever JavaScript does, for example in a browser. */
const NODE_ROOMS = [
  ...['commandLine.ts', 'commandWorker.ts', 'main.ts', 'engineWorker.ts', 'symbolIndexWorker.ts', 'cli', 'host'].map(
    inDebugAdapter,
  ),
  'extension',
];

/** Names that exist only in Node. */
const NODE_NAMES = new Set([
  ...['process', 'Buffer', 'NodeJS', 'setImmediate', 'clearImmediate', 'require', 'global'],
  ...['__dirname', '__filename'],
]);

/**
 * For each module, the external packages that it may import. The build bundles them. The main module of
 * @vscode/debugadapter is not listed because it needs Node.
 */
const PACKAGES: Record<string, string[]> = {
  'debug-adapter/dap': ['@vscode/debugadapter/lib/messages.js', '@vscode/debugprotocol'],
  'debug-adapter/host': ['fzstd'],
  extension: ['vscode'],
};

/** The folders below `test` for the modules in the map, except for the entry files. */
const TESTED_FOLDERS = Object.keys(ROOMS)
  .filter((room) => !room.endsWith('.ts'))
  .map((room) => room.replace(/^debug-adapter\//, ''));

function inEngine(room: string): string {
  return `${ENGINE}/${room}`;
}

function inDebugAdapter(room: string): string {
  return `debug-adapter/${room}`;
}

function sources(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => name.endsWith('.ts'));
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
}

/** The innermost module in the map that contains a file. An entry file is a module itself. */
function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function problemsOf(file: string): string[] {
  const room = roomOf(file);
  if (!room) return [`${file} is in no module of the map`];
  return importsOf(file).flatMap((name) => {
    if (!name.startsWith('.')) return outsideProblem(file, room, name);
    const target = path.posix.join(path.posix.dirname(file), name);
    const to = roomOf(target);
    if (to === room) return [];
    if (!to || (to !== MESSAGES && !ROOMS[room].includes(to)))
      return [`${file} imports ${target}: ${room} may not import ${to}`];
    const contract = CONTRACTS[room]?.[to];
    return contract && !contract.test(target) ? [`${file} imports ${target}, which is not a contract of ${to}`] : [];
  });
}

function outsideProblem(file: string, room: string, name: string): string[] {
  const isNode = name.startsWith('node:') || builtinModules.includes(name);
  if (`${room}/`.startsWith(`${ENGINE}/`)) return [`${file} imports ${name}: the engine imports nothing from outside`];
  if (isNode) return NODE_ROOMS.includes(room) ? [] : [`${file} imports ${name}: ${room} runs without Node`];
  return PACKAGES[room]?.some((known) => name === known || name.startsWith(`${known}/`))
    ? []
    : [`${file} imports ${name}: add it to PACKAGES with a reason`];
}

/**
 * The names in a source text that exist only in Node, with their line numbers. Names of types count; comments do not.
 */
function nodeNamesIn(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && NODE_NAMES.has(node.text) && !isNameOfMember(node)) {
      found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * Whether an identifier is the name of a property or method. A property of `globalThis` counts as a global name
 * instead.
 */
function isNameOfMember(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.name === name && parent.expression.getText() !== 'globalThis';
  }
  return (
    (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent)) && parent.name === name
  );
}

test('every import follows the module map', () => {
  const files = [...sources('debug-adapter'), ...sources('extension')];
  assert.ok(files.length > 50, 'the sources were found');
  assert.deepEqual(files.flatMap(problemsOf), []);
});

test('the import test detects a forbidden import', () => {
  assert.deepEqual(importsOf('test/tidy.test.ts').includes('node:fs'), true);
  assert.equal(roomOf(`${ENGINE}/block/qcow2/image.ts`), `${ENGINE}/block`);
});

for (const folder of [ENGINE, ...['dap', 'gdb'].map(inDebugAdapter)]) {
  test(`${folder} bundles for a neutral platform: it needs neither Node nor a browser`, async () => {
    const result = await build({
      entryPoints: [path.join(ROOT, folder, 'index.ts')],
      bundle: true,
      platform: 'neutral',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    assert.deepEqual(result.errors, []);
    assert.ok(result.outputFiles[0].contents.length > 10_000);
  });
}

test("modules that run without Node use none of Node's global names", () => {
  const files = sources('debug-adapter').filter((file) => !NODE_ROOMS.includes(roomOf(file)!));
  assert.ok(files.length > 300, 'the sources were found');
  assert.deepEqual(
    files.flatMap((file) => nodeNamesIn(file, readFileSync(path.join(ROOT, file), 'utf8'))),
    [],
  );
});

test("the check for Node's global names finds values and types, but not members with the same names", () => {
  const text = [
    'const a: Buffer = Buffer.alloc(1); // process',
    'setImmediate(() => globalThis.process.exit());',
    'class B { process = 1; require(): void {} }',
    'export const c = { process: __dirname, b: new B().require() };',
  ];
  assert.deepEqual(nodeNamesIn('a.ts', text.join('\n')), [
    ...['a.ts:1 Buffer', 'a.ts:1 Buffer', 'a.ts:2 setImmediate', 'a.ts:2 process', 'a.ts:4 __dirname'],
  ]);
  assert.deepEqual(outsideProblem('dap/a.ts', 'debug-adapter/dap', 'node:path').length, 1);
  assert.deepEqual(outsideProblem('host/a.ts', 'debug-adapter/host', 'node:path'), []);
  assert.deepEqual(outsideProblem('dap/a.ts', 'debug-adapter/dap', '@vscode/debugadapter').length, 1);
});

test('every test file starts with a one-sentence description of what it guarantees', () => {
  const files = sources('test').filter((file) => /\.(test|scenario)\.ts$/.test(file));
  assert.ok(files.length > 150, 'the test files were found');
  const isPromise = (line: string) => /^\/\*\* \S+( \S+){3,}\.( \*\/)?$/.test(line);
  const without = files.filter((file) => !isPromise(readFileSync(path.join(ROOT, file), 'utf8').split('\n')[0]));
  assert.deepEqual(without, [], 'start these files with a doc comment such as: /** Reverse-continue stops ... . */');
  assert.equal(isPromise('/** Breakpoints. */') || isPromise("import assert from 'node:assert/strict';"), false);
});

test('every engine export has a doc comment', () => {
  const index = path.join(ROOT, ENGINE, 'index.ts');
  const program = ts.createProgram([index], { noEmit: true, allowImportingTsExtensions: true, types: ['node'] });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  assert.ok(exported.length > 100, 'the exports were found');
  const original = (symbol: ts.Symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const without = exported.filter((symbol) => {
    const isModule = (original(symbol).flags & ts.SymbolFlags.ValueModule) !== 0;
    return !isModule && original(symbol).getDocumentationComment(checker).length === 0;
  });
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test('source files have at most 450 lines', () => {
  const long = [...sources('debug-adapter'), ...sources('extension')].filter(
    (file) => readFileSync(path.join(ROOT, file), 'utf8').split('\n').length > 450,
  );
  assert.deepEqual(long, [], 'these files contain more than one concept');
});

test('every test file belongs to exactly one tier', () => {
  const tiers = Object.values(TIERS).map((files) => files());
  const all = tests(/\.(test|scenario)\.ts$/);
  assert.deepEqual(
    tiers.flat().sort(),
    all,
    'npm run tidy, test, test:long, test:vscode and test:ui together run every file once',
  );
});

test('every module has a test file that `npm test` runs', () => {
  const quick = TIERS.quick();
  const untested = [...TESTED_FOLDERS].filter((folder) => !quick.some((file) => file.startsWith(`test/${folder}/`)));
  assert.deepEqual(untested, []);
});

test('a long test file imports the quick test file of the same name, if there is one, and no other test file', () => {
  for (const file of TIERS.long()) {
    const imported = importsOf(file).filter((name) => name.endsWith('.test.ts'));
    const expected = `./${path.basename(file).replace('.long.', '.')}`;
    assert.ok(
      imported.every((name) => name === expected),
      `${file} imports ${imported.join(', ')}`,
    );
    if (existsSync(path.join(ROOT, path.dirname(file), expected))) assert.deepEqual(imported, [expected], file);
  }
});

test('a test file that runs a selection of its cases has a long version', () => {
  const selecting = tests(/\.test\.ts$/).filter((file) =>
    importsOf(file).some((name) => name.endsWith('/support/extent.ts')),
  );
  assert.ok(selecting.length > 10);
  const missing = selecting.filter((file) => !existsSync(path.join(ROOT, file.replace('.test.ts', '.long.test.ts'))));
  assert.deepEqual(missing, []);
});

function tests(name: RegExp): string[] {
  return sources('test')
    .filter((file) => name.test(file))
    .sort();
}
