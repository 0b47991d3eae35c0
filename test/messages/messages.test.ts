/** Every user-visible message is in `debug-adapter/messages` and uses the terms of the front end that shows it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { overlayExists } from '../../debug-adapter/messages/drives.ts';
import { fileMissing } from '../../debug-adapter/messages/host.ts';
import { snapshotFailed } from '../../debug-adapter/messages/snapshots.ts';
import { imageTooLarge, notQcow2 } from '../../debug-adapter/messages/block.ts';
import { noHistory } from '../../debug-adapter/messages/session.ts';
import { textFor } from '../../debug-adapter/messages/userError.ts';
import { longTest } from '../support/extent.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MESSAGES = 'debug-adapter/messages';

test('the parts of an error are plain data: they can be sent to another thread or written as JSON', () => {
  const { code, fields, problem, remedy } = overlayExists('hd0.qcow2');
  const data = { code, fields, problem, remedy };
  assert.deepEqual(data.fields, { overlay: 'hd0.qcow2' });
  assert.deepEqual(structuredClone(data), data);
  assert.deepEqual(JSON.parse(JSON.stringify(data)), data);
  assert.equal(textFor(structuredClone(data), 'cli'), overlayExists('hd0.qcow2').message);
});

test('a remedy uses the terms of the command line, the editor or gdb', () => {
  const overlay = overlayExists('hd0.qcow2');
  assert.match(textFor(overlay, 'cli'), /^hd0\.qcow2 already exists and would be overwritten\. .* --overwrite\.$/);
  assert.match(textFor(overlay, 'editor'), /^hd0\.qcow2 already exists .* set "overwrite" to "always"\.$/);
  assert.match(textFor(notQcow2('hd0.img'), 'cli'), /pass format=raw/);
  assert.match(textFor(notQcow2('hd0.img'), 'editor'), /set "format": "raw"/);
  assert.match(textFor(fileMissing('k'), 'cli'), /current folder/);
  assert.match(textFor(fileMissing('k'), 'editor'), /"cwd"/);
  assert.match(textFor(noHistory(), 'editor'), /"rr"/);
  assert.doesNotMatch(textFor(noHistory(), 'gdb'), /"rr"|launch configuration/);
});

test('a message and the cause that it contains use the terms of the same front end', () => {
  const notice = snapshotFailed(16, notQcow2('hd0.img'));
  assert.deepEqual(notice.fields, { position: 16, cause: 'image-not-qcow2' });
  assert.match(textFor(notice, 'editor'), /Cause: hd0\.img .*"format": "raw"/);
  assert.match(textFor(notice, 'cli'), /Cause: hd0\.img .*format=raw/);
  assert.match(textFor(snapshotFailed(16, imageTooLarge('a', 'b')), 'gdb'), /Cause: a would exceed/);
});

// --- where messages are defined ------------------------------------------------------------------------------------

/** A string with at least this many words is treated as a message to users. */
const WORDS_MIN = 4;

/** Files with strings that look like sentences but are not messages. */
const NO_MESSAGES: readonly RegExp[] = [
  /^debug-adapter\/engine\/isa\/(integer|floatingPoint|system|compressed)\.ts$/, // tables of instructions
  /^debug-adapter\/engine\/isa\/csrs\.ts$/,
  /^debug-adapter\/engine\/base\/registerNames\.ts$/,
  /^debug-adapter\/engine\/symbols\/(expressions\/(typeNames|builtInTypes)|types\/(typeReader|scopedName)|demangling\/itaniumTables)\.ts$/, // names of types and operators
  /^extension\/start\/recordingPage\.ts$/, // HTML
  /^debug-adapter\/engine\/machine\/cpu\/extensions\.ts$/, // kinds of extensions, in a table
  /^debug-adapter\/gdb\/registers\.ts$/, // XML for gdb
  /^extension\/qemuImport\/optionTable\.ts$/, // names of QEMU's options
  /^debug-adapter\/engine\/symbols\/formatters\/(builtIn\/(cpp|rust|kernels)|xml)\.ts$/, // natvis files, and XML
];

interface Text {
  file: string;
  line: number;
  text: string;
}

/** Every string and template in a file. In a template, `…` replaces each computed part. */
function textsIn(file: string): (Text & { node: ts.Node })[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: (Text & { node: ts.Node })[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isStringLiteralLike(node)
      ? node.text
      : ts.isTemplateExpression(node)
        ? node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
        : undefined;
    if (text !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ file, line, text, node });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const sources = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => name.endsWith('.ts'));

const isSentence = (text: string): boolean =>
  (text.match(/(?<![\w$/.-])[A-Za-z][a-z']*(?![\w/-])/g) ?? []).length >= WORDS_MIN &&
  text.trim().split(/\s+/).length >= WORDS_MIN;

/**
 * Whether users never see a string because it is the message of an assertion, of an Error that only a bug in blkreplay
 * can cause, or of an error that a device throws when the guest violates the virtio specification.
 */
function isForOurselves(node: ts.Node): boolean {
  for (let at = node.parent; at && !ts.isStatement(at); at = at.parent) {
    if (ts.isNewExpression(at)) return /^(Error|RangeError|TypeError|BadQueueError)$/.test(at.expression.getText());
    if (ts.isCallExpression(at) && /^assert/.test(at.expression.getText())) return true;
  }
  return false;
}

longTest('only the messages folder contains sentences that users see', () => {
  const files = [...sources('debug-adapter'), ...sources('extension')].filter(
    (file) => !file.startsWith(`${MESSAGES}/`) && !NO_MESSAGES.some((exempt) => exempt.test(file)),
  );
  assert.ok(files.length > 200, 'the sources were found');
  const elsewhere = files.flatMap(textsIn).filter(({ text, node }) => isSentence(text) && !isForOurselves(node));
  assert.deepEqual(
    elsewhere.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
    'move these to debug-adapter/messages',
  );
});

test('the search for sentences finds sentences, and ignores identifiers, paths and markup', () => {
  assert.ok(isSentence('the refcount table is full'));
  assert.ok(isSentence('Press F5 to start one.'));
  assert.ok(!isSentence('blkreplay/goTo'));
  assert.ok(!isSentence('${workspaceFolder}/.blkreplay/….qcow2'));
  assert.ok(!isSentence('--format raw|qcow2'));
});

// --- the wording of messages ---------------------------------------------------------------------------------------

/** The strings in all messages. The usage text is left out, because it is a table. */
const messageTexts = () =>
  sources(MESSAGES)
    .filter((file) => !file.endsWith('/usage.ts'))
    .flatMap(textsIn)
    .filter(({ text }) => /[a-z] [a-z]/.test(text));

test('messages contain no exclamation marks, apologies, blame or unidiomatic phrases', () => {
  // "Illegal instruction" is the name of an exception in the RISC-V manual.
  const unfit =
    /!(?!\w)|\bplease\b|\byou must\b|\bsorry\b|\billegal\b(?! instruction)|\bis not possible;|\ball the same\b|\bany more\b|\banew\b/i;
  const found = messageTexts().filter(({ text }) => unfit.test(text));
  assert.ok(messageTexts().length > 300, 'the messages were found');
  assert.deepEqual(
    found.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
  );
});

test('remedies for users of the editor or gdb do not mention command-line options', () => {
  const options = messageTexts().filter(({ node, text }) => {
    const property = ts.findAncestor(node, ts.isPropertyAssignment);
    const isForOthers = property !== undefined && /^(editor|gdb)$/.test(property.name.getText());
    // A quoted command is to be run in a shell, which users of every front end have.
    return isForOthers && /(^|\s)--[a-z]/.test(text.replaceAll(/"(blkreplay|qemu-img) [^"]*"/g, ''));
  });
  assert.deepEqual(
    options.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
  );
});

test('remedies that all front ends show do not mention command-line options', () => {
  /** Files whose messages only the command line shows. */
  const cliOnly = /\/(cli|commandOutput|usage|expected)\.ts$/;
  const options = messageTexts().filter(({ file, node, text }) => {
    if (cliOnly.test(file) || !/(^|\s)--[a-z]/.test(text.replaceAll(/"(blkreplay|qemu-img) [^"]*"/g, ''))) return false;
    const property = ts.findAncestor(node, ts.isPropertyAssignment);
    const call = ts.findAncestor(node, ts.isCallExpression);
    const code = call?.arguments[0];
    const isOfPacks = code !== undefined && ts.isStringLiteral(code) && code.text.startsWith('pack-');
    return !isOfPacks && property?.name.getText() !== 'cli';
  });
  assert.deepEqual(
    options.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
  );
});
