import type { DebugSession } from './debugSession.ts';
import { received, sent } from './transcript.ts';

/** The error that the guest reported: a named variable has one value, but the guest counted another. */
export interface GuestError {
  name: string;
  found: string;
  counted: string;
}

/** From a sentence on the console such as `length is 7 but 5 things are there`. */
export function readGuestError(console: string): GuestError {
  const [, name, found, counted] = /(\w+) is (\d+) but (\d+)\b/.exec(console) ?? [];
  if (name === undefined) throw new Error('The guest did not report an error.');
  return { name, found, counted };
}

/** Searches the globals, member by member, for a variable with that name and value; returns it as an expression. */
export async function findVariable(session: DebugSession, { name, found }: GuestError): Promise<string> {
  sent(`variables: search the globals for a member "${name}" with the value ${found}`);
  let level = await session.globals();
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const match = level.find((variable) => variable.name === name && variable.value === found);
    if (match) {
      received(`${match.evaluateName} = ${match.value}`);
      return match.evaluateName!;
    }
    const withMembers = level.filter(({ variablesReference, type }) => variablesReference > 0 && !isArray(type));
    level = (await Promise.all(withMembers.map((variable) => session.members(variable)))).flat();
  }
  throw new Error(`No global variable has a member ${name} with the value ${found}.`);
}

const DEPTH_MAX = 4;

/** An error message names a variable or a member, never an array element. */
const isArray = (type = ''): boolean => type.endsWith(']');
