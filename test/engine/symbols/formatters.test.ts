/** Values are shown as natvis files describe, and errors in these files or damaged guest data do not cause failures. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { openSymbols, parseNatvis, type Value } from '../../../debug-adapter/engine/symbols/index.ts';
import { typePattern } from '../../../debug-adapter/engine/symbols/formatters/typePattern.ts';
import { FileMistake } from '../../../debug-adapter/engine/symbols/formatters/xml.ts';
import { fixture } from './support/fixtures.ts';
import { frameAt } from './support/memory.ts';

const FILE = fixture('types-O0-v5');

/** Evaluates an expression in the fixture's main function, with the formatters from the given `Type` elements. */
function valueWith(types: string, expression: string): Value {
  const formatters = parseNatvis(`<AutoVisualizer>${types}</AutoVisualizer>`, () => assert.fail('a notice'));
  const symbols = openSymbols({ name: 'types', bytes: fs.readFileSync(FILE), formatters });
  const evaluation = symbols.evaluate(expression, frameAt(symbols, FILE, 'main'));
  assert.ok(evaluation.kind === 'value');
  return evaluation.value;
}

const shown = (value: Value): string[] => value.children().map(({ name, text }) => `${name} = ${text}`);

const POINT = '<Type Name="point"><DisplayString>({x}, {y,x})</DisplayString></Type>';

test('a summary combines text with the formatted values of expressions', () => {
  assert.equal(valueWith(POINT, 'first.at').text, '(1, 0xfffffffe)');
  const braces = '<Type Name="point"><DisplayString>{{ {x} }}</DisplayString></Type>';
  assert.equal(valueWith(braces, 'first.at').text, '{ 1 }');
  const text = '<Type Name="node"><DisplayString>{name,s} {name,sb} {bytes[1],d}</DisplayString></Type>';
  assert.equal(valueWith(text, 'first').text, '"first" first 0');
});

test('the first summary whose condition holds is used; an optional summary that cannot be evaluated is skipped', () => {
  const types = `<Type Name="point">
    <DisplayString Optional="true">{z}</DisplayString>
    <DisplayString Condition="x &lt; 0">negative</DisplayString>
    <DisplayString>positive</DisplayString>
  </Type>`;
  assert.equal(valueWith(types, 'first.at').text, 'positive');
  assert.equal(valueWith(types, 'second.at').text, 'negative');
});

test('a formatter also applies to a value inside the summary of another value, and to the target of a pointer', () => {
  assert.match(valueWith(POINT, 'second').text, /at = \(-3, 0x4\)/);
  const children = `${POINT}<Type Name="node"><Expand><Item Name="where">at</Item></Expand></Type>`;
  assert.deepEqual(shown(valueWith(children, '&first')).slice(0, 1), ['where = (1, 0xfffffffe)']);
});

test('the last child of a value is the raw view, unless the natvis file hides the raw view', () => {
  const types = (attributes: string) =>
    `<Type Name="point"><DisplayString>P</DisplayString><Expand ${attributes}><Item Name="a">x</Item></Expand></Type>`;
  const value = valueWith(types(''), 'first.at');
  assert.deepEqual(shown(value), ['a = 1', '[Raw View] = {x = 1, y = -2}']);
  assert.deepEqual(shown(value.children()[1]), ['x = 1', 'y = -2']);
  assert.deepEqual(shown(valueWith(types('HideRawView="true"'), 'first.at')), ['a = 1']);
});

const LIST = (head: string, size = '') => `<Type Name="node"><Expand HideRawView="true"><LinkedListItems>
    ${size}<HeadPointer>${head}</HeadPointer><NextPointer>next</NextPointer><ValueNode>name</ValueNode>
  </LinkedListItems></Expand></Type>`;

test('a list ends at a null pointer, when its size is reached, or at a node that was visited before', () => {
  const names = (types: string) => valueWith(types, 'first').children();
  assert.deepEqual(
    names(LIST('next')).map(({ name, text }) => `${name} ${text.replace(/^0x\w+ /, '')}`),
    ['[0] "second \\"quoted\\"\\n"'],
  );
  assert.equal(names(LIST('next', '<Size>0</Size>')).length, 0);
  // With `this`, the list both starts and ends at the container itself.
  assert.equal(names(LIST('this')).length, 0);
  assert.equal(valueWith(LIST('this'), 'second').children().length, 0);
});

test('the nodes of a tree are listed in order, each node once', () => {
  const tree = `<Type Name="node"><Expand HideRawView="true"><TreeItems>
    <HeadPointer>this</HeadPointer><LeftPointer>next</LeftPointer><RightPointer>next</RightPointer>
    <ValueNode>at.x</ValueNode></TreeItems></Expand></Type>`;
  assert.deepEqual(shown(valueWith(tree, 'first')), ['[0] = -3', '[1] = 1']);
});

test('array elements can be watched, and the elements of a large array are grouped', () => {
  const array = (size: string) => `<Type Name="node"><Expand HideRawView="true"><ArrayItems>
    <Size>${size}</Size><ValuePointer>&amp;bytes[0]</ValuePointer></ArrayItems></Expand></Type>`;
  const value = valueWith(array('3'), 'first');
  assert.deepEqual(
    value.children().map(({ name, text }) => `${name} = ${Number.parseInt(text)}`),
    ['[0] = 255', '[1] = 0', '[2] = 127'],
  );
  assert.match(value.children()[2].expression!, /^\(\(\w+ \*\)0x[0-9a-f]+\)\[2\]$/);
  assert.equal(valueWith(array('-1'), 'first').children().length, 0);
  const groups = valueWith(array('at.x * 1000000000'), 'first').children();
  assert.ok(groups.length <= 1000 && groups[0].name.startsWith('[0..'));
});

test('if an expression cannot be evaluated, an error is shown in place of its value', () => {
  const types =
    '<Type Name="point"><DisplayString>{z}</DisplayString><Expand><Item Name="a">x</Item><Item Name="b">z</Item></Expand></Type>';
  const value = valueWith(types, 'first.at');
  assert.match(value.text, /^<.*"z".*>$/);
  const [a, b] = value.children();
  assert.equal(a.text, '1');
  assert.match(b.text, /^<.*"z".*>$/);
  assert.equal(b.childCount, 0);
});

test('the expansion of a summary that contains itself stops at the maximum depth', () => {
  const types = '<Type Name="node"><DisplayString>{*this}</DisplayString></Type>';
  assert.match(valueWith(types, 'first').text, /name = /);
});

test('type patterns match template arguments', () => {
  const matches = (pattern: string, name: string) => typePattern(pattern).matches(name);
  assert.ok(matches('std::vector<*>', 'std::vector<int, std::allocator<int> >'));
  assert.ok(matches('std::vector<bool,*>', 'std::vector<bool, std::allocator<bool> >'));
  assert.ok(!matches('std::vector<bool,*>', 'std::vector<int, std::allocator<int> >'));
  assert.ok(matches('pair<int,*>', 'pair<int, std::map<int, (lambda)> >'));
  assert.ok(matches('array<*,4>', 'array<std::pair<int, int>, 4>'));
  assert.ok(!matches('point', 'point<int>'));
  assert.ok(!matches('point<*>', 'point'));
  assert.ok(matches('Vec<*>', 'Vec<&[u8], alloc::Global>'));
});

const MISTAKES: [text: string, line: number, says: RegExp][] = [
  ['', 1, /contains no XML elements/],
  ['<AutoVisualizer>\n<Type Name="a">\n</AutoVisualizer>', 3, /"AutoVisualizer" does not match the start tag "Type"/],
  ['<x/>', 1, /root element is "x"/],
  ['<AutoVisualizer>\n<Type/></AutoVisualizer>', 2, /"Type" has no attribute "Name"/],
  ['<AutoVisualizer><Type Name="a">\n<DisplayString>{x</DisplayString></Type></AutoVisualizer>', 2, /"}" is missing/],
  [
    '<AutoVisualizer><Type Name="a"><Expand>\n<LinkedListItems/></Expand></Type></AutoVisualizer>',
    2,
    /contains no "HeadPointer"/,
  ],
  [`${'<a>'.repeat(60)}${'</a>'.repeat(60)}`, 1, /more than 50 levels/],
  ['<!DOCTYPE x [<!ENTITY a "aaaa">]><AutoVisualizer>&a;</AutoVisualizer>', 1, /expected a name here/],
  ['<AutoVisualizer>\n&a;</AutoVisualizer>', 2, /"&a;" is not a known entity/],
  ['<AutoVisualizer><Type Name="a', 1, /expected a value in quotation marks/],
  ['<AutoVisualizer><Type Name="a"><!-- ', 1, /expected "-->"/],
  ['<AutoVisualizer/><AutoVisualizer/>', 1, /a single root element/],
];

for (const [text, line, says] of MISTAKES) {
  test(`rejected: ${JSON.stringify(text.slice(0, 60))}`, () => {
    assert.throws(
      () => parseNatvis(text, () => {}),
      (error) => error instanceof FileMistake && error.line === line && says.test(error.message),
    );
  });
}

test('unsupported elements are ignored and reported by name', () => {
  const notices: string[] = [];
  const text = '<AutoVisualizer><Version/><Type Name="a">\n<Expand><CustomListItems/></Expand></Type></AutoVisualizer>';
  const [type] = parseNatvis(text, (line, sentence) => notices.push(`${line}: ${sentence}`));
  assert.deepEqual(type.expand?.items, []);
  assert.deepEqual(notices, [
    '1: "Version" is not supported and is ignored.',
    '2: "CustomListItems" is not supported and is ignored.',
  ]);
});
