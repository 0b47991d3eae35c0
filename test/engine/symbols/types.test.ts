/** Type layouts and type names are the same as in gdb. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { typeName, type Member, type Symbols, type Type } from '../../../debug-adapter/engine/symbols/index.ts';
import { declaration } from '../../../debug-adapter/engine/symbols/types/typeName.ts';
import { sizeOf } from '../../../debug-adapter/engine/symbols/types/typeTraits.ts';
import { requireTool, runTool } from '../../support/tools.ts';
import { fixture, COMPARED_FILES, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { some } from '../../support/extent.ts';

for (const file of some(COMPARED_FILES, 4)) {
  test(`structs and unions have the same layout as in the output of gdb's ptype /o: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const names = compositeNames(file).filter((name) => symbols.typeNamed(name));
    const answers = runGdbCommands(
      file,
      names.map((name) => `ptype /o ${name}`),
    );
    names.forEach((name, i) => {
      const type = symbols.typeNamed(name) as Type;
      assert.deepEqual(layoutOf(type), layoutByGdb(answers[i]), name);
    });
  });

  test(`the types of globals and functions have the same names as in gdb: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = symbols.innermostFrame({ pc: 0n, readRegister: () => undefined, readMemory: () => undefined });
    const names = [...new Set([...symbols.globals().map(({ name }) => name), ...functionNames(file)])];
    const known = names.filter((name) => isAlone(symbols, name));
    const answers = runGdbCommands(
      file,
      known.map((name) => `whatis ${name}`),
    );
    known.forEach((name, i) => {
      const evaluation = symbols.evaluate(name, frame);
      assert.equal(evaluation.kind, 'value');
      assert.equal(`type = ${evaluation.value.typeName}`, answers[i].join('\n'), name);
    });
  });
}

test('types are found by their C names', () => {
  const symbols = open(fixture('types-O0-v5'));
  const size = (name: string) => {
    const type = symbols.typeNamed(name);
    return type && sizeOf(type);
  };
  const sizes = [
    'u32',
    'unsigned long int',
    'long unsigned',
    'struct node',
    'struct node *',
    'char [3][4]',
    'enum color',
  ];
  assert.deepEqual(sizes.map(size), [4, 8, 8, 40, 8, 12, 4]);
  assert.equal(size('struct nothing'), undefined);
  assert.equal(size('nothing'), undefined);
  assert.equal(size('u32 u32'), undefined);
});

test('a struct declared in one unit is completed by its definition in another', () => {
  const symbols = open(fixture('types-O0-v5'));
  const outer = symbols.typeNamed('struct outer');
  assert.ok(outer?.kind === 'struct');
  const hidden = outer.members()[0].type();
  assert.ok(hidden.kind === 'pointer');
  const opaque = hidden.target();
  assert.ok(opaque.kind === 'struct' && !opaque.isIncomplete);
  assert.deepEqual(
    opaque.members().map(({ name }) => name),
    ['secret', 'mark'],
  );
  assert.equal(typeName(opaque), 'struct opaque');
});

interface Leaf {
  /** The byte offset from the start of the outermost struct, and the bit offset for a bit-field. */
  at: string | undefined;
  size: number;
  declaration: string;
}

/**
 * Returns the innermost members of a type, in order. Members that are structs or unions are replaced by their members.
 */
function layoutOf(type: Type, base = 0, isInUnion = false): Leaf[] {
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members().flatMap((member) => {
    const whole = unqualified(member.type());
    // gdb also expands the element type of an array of unnamed structs.
    const element = whole.kind === 'array' ? whole.element() : whole;
    const inner = 'name' in element && element.name === '' ? element : whole;
    const offset = whole.kind === 'array' ? 0 : base + member.offsetBytes;
    if (inner.kind === 'struct' || inner.kind === 'union') return layoutOf(inner, offset, inner.kind === 'union');
    return [leafOf(member, { base, isInUnion: isInUnion || type.kind === 'union' })];
  });
}

/** Removes the qualifiers of a struct: gdb also expands a `volatile struct x`, but not a typedef of a struct. */
function unqualified(type: Type): Type {
  const target = type.kind === 'qualified' ? unqualified(type.target()) : type;
  return target.kind === 'struct' || target.kind === 'union' ? target : type;
}

function leafOf(member: Member, { base, isInUnion }: { base: number; isInUnion: boolean }): Leaf {
  const type = member.type();
  const { bits } = member;
  const declared = declaration(type, member.name) + (bits ? ` : ${bits.width}` : '');
  const bit = base * 8 + (bits?.offset ?? 0);
  const at = bits ? `${Math.floor(bit / 8)}: ${bit % 8}` : `${base + member.offsetBytes}`;
  // gdb omits the offsets of a union's members.
  return { at: isInUnion ? undefined : at, size: sizeOf(type), declaration: declared.replace(/ ?\*/g, '*') };
}

function layoutByGdb(lines: string[]): Leaf[] {
  return lines.flatMap((line) => {
    const match = /^\/\*\s+(\d+(?:: ?\d+)?)?\s*\|?\s+(\d+) \*\/\s+(.*);$/.exec(line);
    if (!match || match[3].endsWith('{') || match[3].startsWith('}')) return [];
    const [, at, size, text] = match;
    return [{ at: at?.replace(/: ?/, ': '), size: Number(size), declaration: text.replace(/ ?\*/g, '*') }];
  });
}

function compositeNames(file: string): string[] {
  const info = runTool('riscv64-unknown-elf-readelf', ['--debug-dump=info', '-W', file]);
  const names = new Set<string>();
  for (const entry of info.split(/\n <[\da-f]+><[\da-f]+>: /)) {
    const kind = /DW_TAG_(structure|union)_type/.exec(entry)?.[1];
    const name = /DW_AT_name .*: (\w+)\s*$/m.exec(entry)?.[1];
    if (kind && name && !entry.includes('DW_AT_declaration'))
      names.add(`${kind === 'union' ? 'union' : 'struct'} ${name}`);
  }
  return [...names];
}

function functionNames(file: string): string[] {
  const table = runTool('riscv64-unknown-elf-readelf', ['-sW', file]);
  return [...table.matchAll(/ FUNC .* (\S+)$/gm)].map(([, name]) => name.replace(/\..*/, ''));
}

/**
 * Whether a name is unique. If several functions or variables have the same name, gdb and blkreplay may choose
 * different ones. Assembly functions are left out because they have no type.
 */
function isAlone(symbols: Symbols, name: string): boolean {
  const functions = symbols.functionsNamed(name);
  const globals = symbols.globals().filter((variable) => variable.name === name);
  return functions.length + globals.length === 1 && functions.every(({ file }) => file && !file.name.endsWith('.S'));
}
