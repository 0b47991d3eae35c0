/** No class in the sources has more than 15 fields or 25 methods. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '..');
const FIELDS_MAX = 15;
const METHODS_MAX = 25;

interface Size {
  fields: number;
  methods: number;
}

interface ClassMembers {
  name: string;
  base: string | undefined;
  fields: ReadonlySet<string>;
  methods: ReadonlySet<string>;
}

function sources(): string[] {
  return ['debug-adapter', 'extension'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(ROOT, folder, name)),
  );
}

/**
 * The classes in the text of a source file, with the names of their fields and methods. Getters and setters count as
 * methods; constructors and additional overloads do not count.
 */
function classesIn(text: string): ClassMembers[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const classes: ClassMembers[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) {
      const namesOf = (members: readonly ts.ClassElement[]) => new Set(members.map(({ name }) => name!.getText()));
      const base = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword);
      classes.push({
        name: node.name?.text ?? '(anonymous)',
        base: base?.types[0].expression.getText(),
        fields: namesOf(node.members.filter(ts.isPropertyDeclaration)),
        methods: namesOf(node.members.filter((member) => ts.isMethodDeclaration(member) || ts.isAccessor(member))),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return classes;
}

/**
 * The number of fields and methods, including inherited ones, so that moving members to a base class does not reduce
 * it. A member that overrides an inherited one counts only once.
 */
function sizeOf(one: ClassMembers, all: readonly ClassMembers[]): Size {
  const { fields, methods } = withInherited(one, all);
  return { fields: fields.size, methods: methods.size };
}

function withInherited(one: ClassMembers, all: readonly ClassMembers[]): Pick<ClassMembers, 'fields' | 'methods'> {
  const base = all.find(({ name }) => name === one.base);
  if (!base) return one;
  const inherited = withInherited(base, all);
  return {
    fields: new Set([...inherited.fields, ...one.fields]),
    methods: new Set([...inherited.methods, ...one.methods]),
  };
}

function oversized(all: readonly ClassMembers[]): string[] {
  return all.flatMap((one) => {
    const { fields, methods } = sizeOf(one, all);
    return fields > FIELDS_MAX || methods > METHODS_MAX ? [`${one.name}: ${fields} fields, ${methods} methods`] : [];
  });
}

test('no class has more fields or methods than one concept needs', () => {
  const all = sources().flatMap((file) => classesIn(readFileSync(file, 'utf8')));
  assert.ok(all.length > 100, 'the classes were found');
  assert.deepEqual(oversized(all), [], 'move some of its fields and methods to a new class');
});

test('the count includes private, static and inherited members, but no constructors or overloads', () => {
  const text = `
    class Base { static a = 1; private b = 2; c!: number }
    class Derived extends Base {
      d: number;
      e = () => 1;
      constructor() { super(); this.d = 3; }
      get f(): number { return 1; }
      set f(value: number) {}
      g(): void;
      g(a?: number): void {}
      static h(): void {}
    }`;
  const [base, derived] = classesIn(text);
  assert.deepEqual(sizeOf(base, [base, derived]), { fields: 3, methods: 0 });
  assert.deepEqual(sizeOf(derived, [base, derived]), { fields: 5, methods: 3 });
});

test('a class with one field or method too many is reported', () => {
  const members = (count: number, member: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => member(i)).join(';');
  const fields = (count: number) => `class Fields { ${members(count, (i) => `f${i} = 0`)} }`;
  const methods = (count: number) => `class Methods { ${members(count, (i) => `m${i}() {}`)} }`;
  assert.deepEqual(oversized(classesIn(fields(15) + methods(25))), []);
  assert.deepEqual(oversized(classesIn(fields(16) + methods(26))), [
    'Fields: 16 fields, 0 methods',
    'Methods: 0 fields, 26 methods',
  ]);
});
