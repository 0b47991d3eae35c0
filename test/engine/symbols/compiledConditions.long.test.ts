/** All cases in compiledConditions.test.ts pass; `npm test` runs only a selection of them. */
import './compiledConditions.test.ts';
