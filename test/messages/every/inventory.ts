import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** A function in `debug-adapter/messages`, as found in the source text. */
export interface MessageFunction {
  /** The exported name, followed by the property's name if the function is in a table: `qemuErrors.noCommand`. */
  name: string;
  /** The name of the file, without its folder. */
  file: string;
  /** The codes of the errors or notices that the function can return; empty if it returns only strings. */
  codes: readonly string[];
  /** The constant parts of its messages. */
  texts: readonly string[];
}

const FOLDER = path.resolve(import.meta.dirname, '../../../debug-adapter/messages');
/** The functions that create errors and notices (`userError.ts`). Their first argument is the code. */
const MAKERS = ['badInput', 'hostFailure', 'divergence', 'interruption', 'notice'];

/** Every exported function in the folder, by name and file. */
export function messageFunctions(): MessageFunction[] {
  return readdirSync(FOLDER)
    .filter((file) => !['index.ts', 'userError.ts', 'shown.ts'].includes(file))
    .flatMap(functionsIn);
}

function functionsIn(file: string): MessageFunction[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(FOLDER, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const makers = new Map(MAKERS.map((name) => [name, [] as string[]]));
  const found: MessageFunction[] = [];
  for (const { name, body, isExported } of namedFunctions(source)) {
    const codes = codesIn(body, makers, source);
    if (!isExported && codes.length > 0) makers.set(name, codes);
    if (isExported) found.push({ name, file, codes, texts: textsIn(body) });
  }
  return found;
}

interface NamedFunction {
  name: string;
  body: ts.Node;
  isExported: boolean;
}

/** A file's top-level functions and the functions in its top-level tables, in order. */
function namedFunctions(source: ts.SourceFile): NamedFunction[] {
  return source.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false);
    if (ts.isFunctionDeclaration(statement)) return [{ name: statement.name!.text, body: statement, isExported }];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap(({ name, initializer }) =>
      functionsOf(name.getText(), initializer).map((one) => ({ ...one, isExported })),
    );
  });
}

function functionsOf(name: string, value: ts.Expression | undefined): { name: string; body: ts.Node }[] {
  if (value && ts.isArrowFunction(value)) return [{ name, body: value }];
  if (!value || !ts.isObjectLiteralExpression(value)) return [];
  return value.properties.flatMap((property) =>
    ts.isPropertyAssignment(property) ? functionsOf(`${name}.${property.name.getText()}`, property.initializer) : [],
  );
}

/** The codes of the errors that a function creates, either directly or by calling a private function of its file. */
function codesIn(body: ts.Node, makers: ReadonlyMap<string, readonly string[]>, source: ts.SourceFile): string[] {
  const codes = new Set<string>();
  visit(body, (node) => {
    if (!ts.isCallExpression(node)) return;
    const known = makers.get(node.expression.getText());
    if (!known) return;
    const [code] = node.arguments;
    if (known.length > 0) known.forEach((one) => codes.add(one));
    else if (ts.isStringLiteral(code)) codes.add(code.text);
    else typeOfParameter(body, code.getText(), source).forEach((one) => codes.add(one));
  });
  return [...codes];
}

/** The possible values of a parameter whose type is a union of string literals that is declared in the file. */
function typeOfParameter(body: ts.Node, name: string, source: ts.SourceFile): string[] {
  if (!ts.isArrowFunction(body)) return [];
  const type = body.parameters.find((parameter) => parameter.name.getText() === name)?.type?.getText();
  const alias = source.statements.find((one) => ts.isTypeAliasDeclaration(one) && one.name.text === type);
  const words: string[] = [];
  if (alias) visit(alias, (node) => void (ts.isStringLiteral(node) && words.push(node.text)));
  return words;
}

function textsIn(body: ts.Node): string[] {
  const texts: string[] = [];
  visit(body, (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      texts.push(node.text);
    }
  });
  return texts;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
