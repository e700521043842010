/**
 * Reproducible random numbers, so that the scene is the same on every computer: a linear congruential generator with
 * the constants of Numerical Recipes.
 * @param {number} seed
 * @returns {() => number} from 0 up to 1
 */
export function randomly(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
