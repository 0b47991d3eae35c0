// `npm run demo`: a complete debugging session over the Debug Adapter Protocol, as an editor would drive it.
//
// It records a guest with a disk, which detects that its data is damaged and reports that on its console. The rest uses
// only this message: the name of the variable is read from it, and the line that damaged the variable is found by going
// back from write to write. Then the recording is replayed and must lead to the same line. All files that the demo
// creates are in .blkreplay/demo/ (or in the folder given as an argument). It exits with 1 if any check fails.
import { isDeepStrictEqual } from 'node:util';
import { Checks } from './checks.ts';
import { FOLDER, hashOfImage, launchSettings, prepareFolder, replayInOneGo } from './folder.ts';
import { DebugSession } from './debugSession.ts';
import { findVariable, readGuestError } from './guestError.ts';
import { DemoDriver, type Finding } from './demoDriver.ts';
import { say } from './transcript.ts';
import { type Walk, walkBackAndForth } from './walk.ts';

const checks = new Checks();
prepareFolder();
const imageBefore = hashOfImage();

say('Record a key-value store on a new disk. It runs for a while, checks its data, and reports failure.');
const recorded = await DebugSession.launch(launchSettings('record'));
const guestError = readGuestError(recorded.console);
say(
  `It reports that "${guestError.name}" is ${guestError.found}, but it counted ${guestError.counted}. What wrote the wrong value?`,
);
const variable = await findVariable(recorded, guestError);
const { walk, finding } = await findDamage(recorded);
checks.expect(
  `running forwards reaches the same write, which stores ${walk.after}`,
  (await recorded.evaluate(variable)) === walk.after,
);
await recorded.leave();

say('Replay: only rr changes, to replay. Set the same data breakpoint and run backwards again.');
const replayed = await DebugSession.launch(launchSettings('replay'), { isQuiet: true });
const { walk: walkAgain, finding: found } = await findDamage(replayed);
checks.expect('the replay has the same console output', replayed.console === recorded.console);
checks.expect(
  `it reaches the same write at step ${found.step}`,
  found.step === finding.step && isDeepStrictEqual(walkAgain, walk),
);
checks.expect(
  `registers, CSRs and RAM are the same there: ${finding.fingerprint}`,
  found.fingerprint === finding.fingerprint,
);
await replayed.leave();
const whole = replayInOneGo();
checks.expect(`a complete replay matches every digest in the recording: ${whole.digest}`, whole.isSame);
checks.expect('the disk image is unchanged: all writes are in the overlay', imageBefore === hashOfImage());
checks.print();
console.log(`The recording and the overlay are in ${FOLDER}/.`);

say(`Found at ${finding.file}:${walk.location.line}, in ${walk.location.name}:`);
console.log(`  ${finding.source}`);
if (finding.explanation) console.log(`  ${finding.explanation}`);
console.log(`  ${variable} is written: ${walk.before} -> ${walk.after}`);
process.exitCode = checks.allHold ? 0 : 1;

async function findDamage(session: DebugSession): Promise<{ walk: Walk; finding: Finding }> {
  const driver = new DemoDriver(session, guestError);
  const walk = await walkBackAndForth(driver, { variable, guestError });
  return { walk, finding: driver.finding! };
}
