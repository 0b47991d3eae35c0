/** All cases of powerCuts.test.ts pass; `npm test` runs a selection. */
import './powerCuts.test.ts';
