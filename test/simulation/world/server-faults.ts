/** What can happen to the server: it is stopped or killed and started again, its disk is slow or fails. */
import type { Choice } from "./choice.ts";
import type { Scene } from "./scene.ts";

/** Milliseconds between two attempts to start it. */
const startAgainMs = 500;
/** Milliseconds for which a kill waits for a commit to be under way. */
const commitWaitMs = 5_000;

export class ServerFaults {
  readonly #scene: Scene;
  /** It is being stopped or started, or is about to be. */
  #isChanging = false;
  /** It has begun to start, and is not up yet. */
  #isStarting = false;
  /** It is to be killed as soon as a commit is under way. */
  #killDownMs: number | undefined;
  readonly #failures: string[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Neither down nor about to be. */
  get isSettled(): boolean {
    return !this.#isChanging && this.#scene.server.isUp;
  }

  /** What went wrong over a start or a stop. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  happen(choice: Choice): void {
    if (this.#scene.isEnding) return;
    // Also while it reads its log and brings back who was there.
    if (this.#isStarting && choice.oneIn(2)) return this.#dieAgain();
    if (this.#isChanging) return;
    switch (choice.whole(8)) {
      case 0:
        return this.#stop(choice.between(0, 5_000));
      case 1:
      case 2:
        return this.#kill(choice.between(0, 3_000));
      case 3:
        return this.#killAtCommit(choice.between(0, 1_000));
      case 4:
        // Twice: the second time while it starts, or soon after.
        this.#kill(choice.between(0, 500));
        this.#scene.after(choice.between(0, 600), () => (this.#isStarting ? this.#dieAgain() : this.#kill(0)));
        return;
      case 5:
        return this.#fail("lost", choice);
      case 6:
        return this.#fail("kept", choice);
      default:
        return this.#slow(choice.oneIn(3) ? choice.between(20_000, 40_000) : choice.between(200, 5_000));
    }
  }

  /** After each task. */
  look(): void {
    this.#scene.excuses.look();
    if (this.#killDownMs === undefined || !this.#scene.disk.isCommitting) return;
    const downMs = this.#killDownMs;
    this.#killDownMs = undefined;
    this.#kill(downMs);
  }

  /** No more faults: it is up soon. */
  heal(): void {
    this.#killDownMs = undefined;
    this.#scene.disk.mend();
    if (!this.#scene.server.isUp && !this.#isChanging) this.start(0);
  }

  /** It is killed, and comes back after a while. */
  killNow(downMs: number): void {
    this.#kill(downMs);
  }

  start(afterMs: number): void {
    const { server } = this.#scene;
    this.#isChanging = true;
    this.#scene.after(afterMs, () => {
      this.#note("server", "starts");
      this.#isStarting = true;
      server.start().then(
        () => {
          this.#isChanging = false;
          this.#isStarting = false;
          this.#note("server", "is up");
        },
        (error: unknown) => {
          const wasKilled = !this.#isStarting;
          this.#isStarting = false;
          // Only a disk that fails keeps it from starting.
          if (!this.#scene.excuses.isLogTroubled && !wasKilled) this.#failures.push(`it does not start: ${String(error)}`);
          this.#note("server", `does not start: ${String(error)}`);
          this.start(startAgainMs);
        },
      );
    });
  }

  /** Resolves when it has stopped. */
  async stop(): Promise<void> {
    this.#isChanging = true;
    this.#note("server", "stops");
    this.#scene.excuses.stopBegins();
    try {
      await this.#scene.server.stop();
    } catch (error) {
      if (!this.#scene.excuses.isLogTroubled) this.#failures.push(`it does not stop in order: ${String(error)}`);
    }
    this.#scene.excuses.stopEnds();
    this.#note("server", "has stopped");
  }

  #stop(downMs: number): void {
    if (!this.#scene.server.isUp) return;
    this.#scene.counts.restarts += 1;
    void this.stop().then(() => this.start(downMs));
  }

  #kill(downMs: number): void {
    if (this.#isChanging || !this.#scene.server.isUp) return;
    this.#scene.counts.crashes += 1;
    this.#scene.excuses.lastLossAt = this.#scene.now();
    this.#note("server", this.#scene.disk.isCommitting ? "is killed in the middle of a commit" : "is killed");
    this.#scene.server.kill();
    this.start(downMs);
  }

  #dieAgain(): void {
    this.#scene.counts.crashes += 1;
    this.#isStarting = false;
    this.#note("server", "is killed while it starts");
    this.#scene.server.kill();
  }

  #killAtCommit(downMs: number): void {
    this.#killDownMs = downMs;
    this.#scene.after(commitWaitMs, () => (this.#killDownMs = undefined));
  }

  #fail(how: "lost" | "kept", choice: Choice): void {
    const [commits, opens] = [choice.between(1, 2), choice.whole(3)];
    this.#note("disk", `${commits} commits fail and are ${how}, and ${opens} attempts to open it`);
    this.#scene.counts.diskFaults += 1;
    this.#scene.excuses.lastLossAt = this.#scene.now();
    this.#scene.disk.fail(how, { commits, opens });
  }

  #slow(ms: number): void {
    this.#note("disk", `its next commit takes ${ms} ms`);
    this.#scene.counts.diskFaults += 1;
    this.#scene.excuses.commitIsSlow(ms);
    this.#scene.disk.slow(ms);
  }

  #note(who: string, text: string): void {
    this.#scene.transcript.note(who, text);
  }
}
