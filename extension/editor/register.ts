import * as vscode from 'vscode';
import { DEBUG_TYPE } from '../sessions.ts';
import { registerAssemblyFiles } from './assemblyFiles.ts';
import { operandAt, operandsIn } from './assemblyOperands.ts';
import { expressionAt } from './expressionAt.ts';
import { variablesBefore } from './variablesBefore.ts';

const SOURCES = ['c', 'cpp', 'rust', 'zig', 'd'];
const ASSEMBLY = ['asm', 'riscv', 'asm-riscv', 'riscv-asm', 'gas', 'arm', 'asm-collection'];

/**
 * Registers what the editor shows in source files: the value of the expression under the mouse, and values at the ends
 * of lines. VS Code uses registered providers, instead of its own rules, for the sessions of all debuggers. Therefore
 * they are registered only while a session of this debugger is active.
 */
export function registerEditor(): vscode.Disposable {
  let providers: vscode.Disposable | undefined;
  const update = (session: vscode.DebugSession | undefined) => {
    if ((session?.type === DEBUG_TYPE) === Boolean(providers)) return;
    providers?.dispose();
    providers = providers ? undefined : registerProviders();
  };
  update(vscode.debug.activeDebugSession);
  return vscode.Disposable.from(
    registerAssemblyFiles(),
    vscode.debug.onDidChangeActiveDebugSession(update),
    new vscode.Disposable(() => providers?.dispose()),
  );
}

function registerProviders(): vscode.Disposable {
  const { languages } = vscode;
  return vscode.Disposable.from(
    languages.registerEvaluatableExpressionProvider(SOURCES, { provideEvaluatableExpression: sourceExpression }),
    languages.registerEvaluatableExpressionProvider(ASSEMBLY, { provideEvaluatableExpression: assemblyExpression }),
    languages.registerInlineValuesProvider(SOURCES, { provideInlineValues: sourceValues }),
    languages.registerInlineValuesProvider(ASSEMBLY, { provideInlineValues: assemblyValues }),
  );
}

const linesOf = (document: vscode.TextDocument) => (line: number) => document.lineAt(line).text;

function sourceExpression(document: vscode.TextDocument, { line, character }: vscode.Position) {
  return shown(expressionAt(linesOf(document), { line, column: character }));
}

function assemblyExpression(document: vscode.TextDocument, { line, character }: vscode.Position) {
  return shown(operandAt(document.lineAt(line).text, { line, column: character }));
}

type Shown = { expression: string; line: number; start: number; end: number } | undefined;

function shown(found: Shown): vscode.EvaluatableExpression | undefined {
  return found && new vscode.EvaluatableExpression(rangeOf(found), found.expression);
}

const rangeOf = ({ line, start, end }: { line: number; start: number; end: number }) =>
  new vscode.Range(line, start, line, end);

/**
 * Returns variables and members. The editor looks up the variables among those that it has already requested, and
 * evaluates the members.
 */
function sourceValues(
  document: vscode.TextDocument,
  visible: vscode.Range,
  { stoppedLocation }: vscode.InlineValueContext,
) {
  const stop = Math.min(stoppedLocation.end.line, document.lineCount - 1);
  return variablesBefore(linesOf(document), stop)
    .filter(({ line }) => visible.start.line <= line && line <= visible.end.line)
    .map((one) =>
      one.kind === 'variable'
        ? new vscode.InlineValueVariableLookup(rangeOf(one), one.text)
        : new vscode.InlineValueEvaluatableExpression(rangeOf(one), one.text),
    );
}

/**
 * The values of the registers in the line at which the machine has stopped. In other lines, the current values would be
 * misleading.
 */
async function assemblyValues(document: vscode.TextDocument, _: vscode.Range, context: vscode.InlineValueContext) {
  const { line } = context.stoppedLocation.end;
  const session = vscode.debug.activeDebugSession;
  if (line >= document.lineCount || session?.type !== DEBUG_TYPE) return [];
  const operands = operandsIn(document.lineAt(line).text).filter(
    ({ kind, name }, i, all) => kind !== 'symbol' && all.findIndex((other) => other.name === name) === i,
  );
  const values = await Promise.all(operands.map((one) => valueOf(session, one.expression, context.frameId)));
  return operands.flatMap(({ name, start, end }, i) => {
    const value = values[i];
    return value === undefined ? [] : [new vscode.InlineValueText(rangeOf({ line, start, end }), `${name} = ${value}`)];
  });
}

/** Undefined if the frame has no such register. */
async function valueOf(session: vscode.DebugSession, expression: string, frameId: number): Promise<string | undefined> {
  try {
    return (await session.customRequest('evaluate', { expression, frameId, context: 'watch' })).result;
  } catch {
    return undefined;
  }
}
