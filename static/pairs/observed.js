/**
 * A stream that passes on every chunk at once and unchanged, whatever happens to its observer.
 * @template T
 * @param {(chunk: T) => void} observe may throw
 * @returns {TransformStream<T, T>}
 */
export function observed(observe) {
  return new TransformStream({
    transform(chunk, controller) {
      try {
        observe(chunk);
      } catch {
        // A failed measurement must not stop the stream.
      }
      controller.enqueue(chunk);
    },
  });
}
