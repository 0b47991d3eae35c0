import type { Complaint } from './complaint.ts';

/**
 * The walk that every front end shows on the demo guest: from the failure that the guest reports, knowing only which
 * variable is wrong, backwards to the write that damaged it, two steps further back, and forwards over the same write.
 * The order of the steps and what must hold at each are here; a driver carries the steps out in one front end.
 */
export interface WalkDriver {
  /** Stops at each write of the variable: running backwards before the write, running forwards behind it. */
  stopAtWrites(variable: string): Promise<void>;
  /** Resolves when the machine has stopped. */
  move(command: Move): Promise<void>;
  /** Where the machine has stopped. A front end that shows this with a delay waits until `isExpected`. */
  location(isExpected: (location: Location) => boolean): Promise<Location>;
  /** A variable's value, likewise. */
  value(variable: string, isExpected: (value: string) => boolean): Promise<string>;
  /** What this front end also checks or shows before the write that damaged the variable. */
  lookAround?(walk: Culprit): Promise<void>;
}

export type Move = 'reverseContinue' | 'stepBack' | 'continue';

export interface Location {
  name: string;
  line: number;
}

/** The write that damaged the variable. */
export interface Culprit {
  variable: string;
  before: string;
  after: string;
  location: Location;
}

export interface Walk extends Culprit {
  /** After two steps back from the write. */
  earlier: Location;
  /** After the same write, forwards. */
  behind: Location;
}

/** What a test knows beforehand; the demo itself finds it. */
export type KnownLocations = Partial<Record<'location' | 'earlier' | 'behind', (location: Location) => boolean>>;

/** What goes into a walk: the wrong variable, and the complaint about it with the right value, which the guest `counted`. */
export interface Start {
  variable: string;
  complaint: Complaint;
  known?: KnownLocations;
}

const WRITES_MAX = 100;

export async function walkBackAndForth(driver: WalkDriver, start: Start): Promise<Walk> {
  const { variable, complaint, known = {} } = start;
  await expectValue(driver, variable, complaint.found);
  const culprit = await findCulprit(driver, start);
  await driver.lookAround?.(culprit);
  await driver.move('stepBack');
  await driver.move('stepBack');
  const earlier = await locationOf(driver, known.earlier);
  await expectValue(driver, variable, culprit.before);
  await driver.move('continue');
  await expectValue(driver, variable, culprit.after);
  return { ...culprit, earlier, behind: await locationOf(driver, known.behind) };
}

/**
 * Runs backwards from write to write. While the value was wrong before the write as well, an earlier write damaged it:
 * the culprit is the write that found the right value.
 */
async function findCulprit(driver: WalkDriver, { variable, complaint, known }: Start): Promise<Culprit> {
  await driver.stopAtWrites(variable);
  let after = complaint.found;
  for (let writes = 0; writes < WRITES_MAX; writes++) {
    await driver.move('reverseContinue');
    const before = await driver.value(variable, (value) => value !== after);
    if (before === complaint.counted) {
      return { variable, before, after, location: await locationOf(driver, known?.location) };
    }
    if (before === after) break;
    after = before;
  }
  throw new Error(`No write found ${variable} at ${complaint.counted}.`);
}

async function locationOf(driver: WalkDriver, isExpected = (_: Location) => true): Promise<Location> {
  const location = await driver.location(isExpected);
  if (!isExpected(location)) throw new Error(`Stopped at an unexpected location: ${location.name}:${location.line}.`);
  return location;
}

async function expectValue(driver: WalkDriver, variable: string, expected: string): Promise<void> {
  const value = await driver.value(variable, (shown) => shown === expected);
  if (value !== expected) throw new Error(`${variable} is ${value}, not ${expected}.`);
}
