/** No cycle of imports consists of value imports only, and a comment justifies each type-only import in a cycle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '..');
/** The current number of type-only imports within cycles. Lower it when a cycle is removed. */
const TYPE_CYCLES_MAX = 17;

interface Import {
  from: string;
  to: string;
  /**
   * Whether this is a type-only import (`import type`), which does not load the module. `import { type X }` does load
   * it.
   */
  isType: boolean;
  /** The comment immediately before the import. */
  comment: string;
}

function sources(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')));
}

/**
 * A file's imports of other files in this repository, including re-exports, dynamic imports and `import('…')` types.
 */
function importsOf(from: string, text: string): Import[] {
  const file = ts.createSourceFile(from, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Node, name: ts.Node | undefined, isType: boolean) => {
    if (!name || !ts.isStringLiteral(name) || !name.text.startsWith('.')) return;
    const to = path.posix.join(path.posix.dirname(from), name.text);
    found.push({ from, to, isType, comment: commentBefore(text, node) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function commentBefore(text: string, node: ts.Node): string {
  const comment = ts.getLeadingCommentRanges(text, node.getFullStart())?.at(-1);
  return comment ? text.slice(comment.pos, comment.end) : '';
}

/** The imports that are part of a cycle, which are those whose target leads back to the importing file. */
function importsInCycles(imports: readonly Import[]): Import[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of imports) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  return imports.filter(({ from, to }) => isReachable(targets, { from: to, to: from }));
}

function isReachable(targets: Map<string, Set<string>>, { from, to }: { from: string; to: string }): boolean {
  const seen = new Set([from]);
  for (const file of seen) {
    if (file === to) return true;
    for (const target of targets.get(file) ?? []) seen.add(target);
  }
  return false;
}

const byValue = (imports: readonly Import[]) => imports.filter(({ isType }) => !isType);
const arrow = ({ from, to }: Import) => `${from} -> ${to}`;
const hasReason = ({ comment }: Import) => /^\/\/ Cycle: \S+( \S+){3,}\.$/.test(comment);

const all = [...sources('debug-adapter'), ...sources('extension')].flatMap((file) =>
  importsOf(file, readFileSync(path.join(ROOT, file), 'utf8')),
);

test('no cycle of imports consists of value imports only', () => {
  assert.ok(all.length > 1000, 'the imports were found');
  assert.deepEqual(importsInCycles(byValue(all)).map(arrow), []);
});

test('each type-only import within a cycle has a comment that starts with "Cycle:" and gives the reason', (t) => {
  const cyclic = importsInCycles(all).filter(({ isType }) => isType);
  t.diagnostic(`${cyclic.length} type imports are part of a cycle`);
  assert.deepEqual(cyclic.filter((one) => !hasReason(one)).map(arrow), []);
  assert.ok(cyclic.length <= TYPE_CYCLES_MAX, `there are ${cyclic.length}: ${cyclic.map(arrow).join(', ')}`);
});

test('each comment that starts with "Cycle:" precedes an import within a cycle', () => {
  const cyclic = new Set(importsInCycles(all));
  const stale = all.filter((one) => one.comment.startsWith('// Cycle:') && !cyclic.has(one));
  assert.deepEqual(stale.map(arrow), []);
});

test('the check distinguishes cycles of value imports from cycles with type-only imports', () => {
  const read = (files: Record<string, string>) =>
    Object.entries(files).flatMap(([name, text]) => importsOf(name, text));
  const cyclesOf = (files: Record<string, string>) => importsInCycles(byValue(read(files))).map(arrow);
  const b = "export { c } from './c.ts';";
  assert.deepEqual(
    cyclesOf({ 'a.ts': "import { type B } from './b.ts';", 'b.ts': b, 'c.ts': "await import('./a.ts');" }),
    ['a.ts -> b.ts', 'b.ts -> c.ts', 'c.ts -> a.ts'],
  );
  const files = {
    'a.ts': "// Cycle: a and b need each other.\nimport type { B } from './b.ts';",
    'b.ts': "import './a.ts';",
  };
  assert.deepEqual(cyclesOf(files), []);
  const [first, second] = importsInCycles(read(files));
  assert.deepEqual([arrow(first), first.isType, hasReason(first)], ['a.ts -> b.ts', true, true]);
  assert.deepEqual([second.isType, hasReason(second)], [false, false]);
});
