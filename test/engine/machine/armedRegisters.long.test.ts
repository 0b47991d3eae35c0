/** All cases of armedRegisters.test.ts pass; `npm test` runs a selection. */
import './armedRegisters.test.ts';
