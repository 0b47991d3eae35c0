// The main job in one go, over the Debug Adapter Protocol, as an editor drives it: `npm run demo`.
//
// A guest with a disk is recorded; it finds out that it has been damaged and says so on its console. What follows knows
// nothing else: which variable it complains about is read from what it printed, and the line that spoiled it is found by
// going back from write to write. Then the recording is replayed and must lead to the same place.
// Everything it makes is in .blkreplay/demo/ (or the folder that it is given). It exits with 1 if any check fails.
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

say('Record: a key-value store on a fresh disk. It works for a while, verifies itself, and reports failure.');
const recorded = await DebugSession.launch(launchSettings('record'));
const guestError = readGuestError(recorded.console);
say(
  `It complains about "${guestError.name}": it is ${guestError.found}, and counting gave ${guestError.counted}. Who did that?`,
);
const variable = await findVariable(recorded, guestError);
const { walk, finding } = await findDamage(recorded);
checks.expect(
  `forwards it is the same write, and leaves ${walk.after}`,
  (await recorded.evaluate(variable)) === walk.after,
);
await recorded.leave();

say('Replay: one word changes, rr: replay. The same data breakpoint, the same way back.');
const replayed = await DebugSession.launch(launchSettings('replay'), { isQuiet: true });
const { walk: walkAgain, finding: found } = await findDamage(replayed);
checks.expect('the replay printed the same console', replayed.console === recorded.console);
checks.expect(
  `it leads to the same write at step ${found.step}`,
  found.step === finding.step && isDeepStrictEqual(walkAgain, walk),
);
checks.expect(
  `registers, CSRs and RAM are the same there: ${finding.fingerprint}`,
  found.fingerprint === finding.fingerprint,
);
await replayed.leave();
const whole = replayInOneGo();
checks.expect(`a replay in one go agrees with every digest on the way to the end: ${whole.digest}`, whole.isSame);
checks.expect('the disk image is untouched: all writes are in the overlay', imageBefore === hashOfImage());
checks.print();
console.log(`What this made, recording and overlay, is in ${FOLDER}/.`);

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
