/** Somebody who has just started the server: makes two users, chats, and watches the machine, all in one page. */
import { describe, expect, it } from "vitest";
import { chromiumMissing } from "../../support/chromium.ts";
import { online, open, person, say, signIn } from "./chatting.ts";
import { eventually } from "./eventually.ts";
import { faint, nameless, wide } from "./looking.ts";
import { picture } from "./picture.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/chat: ${chromiumMissing}`);

describe.skipIf(chromiumMissing !== undefined)("A newcomer", () => {
  const setting = browserSetting(browserOfFile());

  it("makes romeo and juliet, signs both in, lets them chat, and sees the machine of the one that is looked at move", async () => {
    const view = await setting.look();
    const { page } = view;
    await page.goto(setting.server.server.inspector!.chatUrl()!);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(new URL(page.url()).hash).toBe("#/chat");
    await page.getByRole("button", { name: "Make romeo and juliet" }).click();
    await page.getByRole("button", { name: "Sign in as romeo@localhost" }).click();
    await online(view, "romeo@localhost");
    // From the first byte on, though nobody has chosen to watch new sessions.
    await eventually(() => view.session().then(({ lit }) => lit)).toContain("connected.availability.available");
    await view.openTab("Timeline");
    await eventually(async () => (await view.titles()).join()).toMatch(/SCRAM-SHA-256/);
    expect(new URL(page.url()).hash).toBe("#/chat/timeline");

    await page.getByRole("button", { name: "+ another" }).click();
    await page.getByRole("button", { name: "Sign in as juliet@localhost" }).click();
    await online(view, "juliet@localhost");
    await eventually(() => page.locator(".session-title h1").innerText()).toMatch(/^juliet@localhost\//);

    await person(view, "romeo");
    await eventually(() => page.locator(".session-title h1").innerText()).toMatch(/^romeo@localhost\//);
    await open(view, "juliet@localhost");
    const before = await view.length();
    await say(view, "But soft!");
    await eventually(() => view.length()).toBeGreaterThan(before);
    await eventually(async () => (await view.titles()).at(-1)).toMatch(/^message/);
    // The inspector withholds what is said, also from who said it.
    expect(await page.locator(".session-view").innerText()).not.toContain("But soft!");

    await eventually(() => page.getByRole("button", { name: /^juliet unread: 1$/ }).count()).toBe(1);
    await person(view, "juliet");
    await open(view, "romeo@localhost");
    await eventually(() => page.getByRole("log").innerText()).toContain("But soft!");
    await say(view, "O Romeo, Romeo!");
    await person(view, "romeo");
    await eventually(() => page.getByRole("log").innerText()).toContain("O Romeo, Romeo!");

    // Contacts: the machine and the table of RFC 6121 at work.
    await page.getByRole("button", { name: "Add to contacts" }).click();
    await person(view, "juliet");
    await page.getByRole("button", { name: "Accept" }).click();
    await person(view, "romeo");
    await page.getByRole("button", { name: "Accept" }).click();
    await eventually(() => page.locator(".chat-head").innerText()).toContain("you see each other");

    // A room.
    await page.getByLabel("Somebody, or a room").fill("verona");
    await page.getByRole("button", { name: "Join room" }).click();
    await eventually(() => page.locator(".chat-head").innerText()).toContain("romeo");
    await person(view, "juliet");
    await page.getByLabel("Somebody, or a room").fill("verona");
    await page.getByRole("button", { name: "Join room" }).click();
    await eventually(() => page.locator(".chat-head").innerText()).toContain("juliet, romeo");
    await say(view, "Good even to you all");
    await person(view, "romeo");
    await eventually(() => page.getByRole("log").innerText()).toContain("Good even to you all");
    expect((await setting.server.sessions()).map(({ username }) => username).toSorted()).toEqual(["juliet", "romeo"]);
    // What was wanted before of new sessions is wanted again.
    await view.listSessions();
    expect(await page.getByRole("checkbox", { name: "watch new sessions" }).isChecked()).toBe(false);
    await page.getByRole("link", { name: "Chat", exact: true }).click();
    await eventually(() => page.getByRole("log").innerText()).toContain("Good even to you all");
  });

  it("finds the passwords again after a reload of the page, and in no other tab", async () => {
    const server = setting.server;
    for (const name of ["romeo", "juliet"]) await server.server.admin.userDelete(`${name}@localhost`).catch(() => undefined);
    const view = await setting.look();
    await view.go("#/chat");
    await view.page.getByRole("button", { name: "Make romeo and juliet" }).click();
    await view.page.getByRole("button", { name: "Sign in as romeo@localhost" }).click();
    await online(view, "romeo@localhost");
    await view.page.reload();
    await view.page.getByRole("button", { name: "Sign in as romeo@localhost" }).click();
    await online(view, "romeo@localhost");
    const other = await setting.look();
    await other.go("#/chat");
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await other.page.getByRole("button", { name: /romeo/ }).count()).toBe(0);
    expect(await other.page.locator(".chat-sign-in").innerText()).toContain("user passwd");
  });

  it("signs in by name and password, is told what is wrong, signs out and sees the session end", async () => {
    const { server } = setting;
    await server.addUser("mercutio", "plague & <b>houses</b>");
    const view = await setting.look();
    const { page } = view;
    await view.go("#/chat");
    await signIn(view, "mercutio", "wrong");
    await eventually(() => page.getByRole("alert").first().innerText()).toContain("The name or the password is wrong.");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await signIn(view, "Mercutio@localhost", "plague & <b>houses</b>");
    await online(view, "mercutio@localhost");
    await eventually(() => view.session().then(({ lit }) => lit)).toContain("connected");
    await page.getByRole("button", { name: "Sign out" }).click();
    await eventually(() => view.session().then(({ lit }) => lit)).toEqual(["closed"]);
    await page.getByRole("button", { name: "Sign in again" }).click();
    await online(view, "mercutio@localhost");
    await eventually(() => view.session().then(({ lit }) => lit)).toContain("connected");
    await page.getByRole("button", { name: "Sign out" }).click();
  });

  it("is shown what strangers write as text, every character of it", async () => {
    const { server } = setting;
    await server.addUser("tybalt", "secret");
    await server.addUser("eve", "secret");
    const view = await setting.look();
    const { page } = view;
    await view.go("#/chat");
    await signIn(view, "tybalt", "secret");
    await online(view, "tybalt@localhost");
    await page.getByRole("button", { name: "+ another" }).click();
    await signIn(view, "eve", "secret");
    await online(view, "eve@localhost");
    await open(view, "tybalt@localhost");
    await say(view, "<img src=x onerror=alert(1)> \u202egnirts\u202c &lt;b&gt;");
    await person(view, "tybalt");
    await open(view, "eve@localhost");
    await eventually(() => page.getByRole("log").innerText()).toContain("<img src=x onerror=alert(1)> ⟨U+202E⟩gnirts⟨U+202C⟩ &lt;b&gt;");
    expect(await page.getByRole("log").locator("img").count()).toBe(0);
  });

  it("cuts the link, sees the session wait and take what is said to it, and resumes it", async () => {
    const { server } = setting;
    for (const name of ["benvolio", "rosaline"]) await server.addUser(name, "secret");
    const view = await setting.look();
    const { page } = view;
    await view.go("#/chat");
    await signIn(view, "rosaline", "secret");
    await online(view, "rosaline@localhost");
    await page.getByRole("button", { name: "+ another" }).click();
    await signIn(view, "benvolio", "secret");
    await online(view, "benvolio@localhost");
    await eventually(() => view.state()).toBe("connected.available+interested+attached");
    const name = await page.locator(".session-title h1").innerText();
    await page.getByRole("button", { name: "Cut the link" }).click();
    await eventually(() => view.state()).toBe("connected.available+interested+hibernating");
    await person(view, "rosaline");
    await open(view, "benvolio@localhost");
    await say(view, "At this same ancient feast");
    await person(view, "benvolio");
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await online(view, "benvolio@localhost");
    await eventually(() => view.state()).toBe("connected.available+interested+attached");
    expect(await page.locator(".session-title h1").innerText()).toBe(name);
    await open(view, "rosaline@localhost");
    await eventually(() => page.getByRole("log").innerText()).toContain("At this same ancient feast");
  });

  it("is told when the server goes away, and resumes when it is back", async () => {
    const { server } = setting;
    await server.addUser("paris", "secret");
    const view = await setting.look();
    await view.go("#/chat");
    await signIn(view, "paris", "secret");
    await online(view, "paris@localhost");
    const [witness] = setting.witnesses();
    await witness!.forgiving(/./, async () => {
      await server.restart({ kill: true });
      await eventually(() => view.page.locator(".chat-ended").innerText()).toMatch(/^The (link was lost|server stops)/);
      await eventually(async () => {
        await view.page.getByRole("button", { name: "Resume", exact: true }).click({ timeout: 500 }).catch(() => undefined);
        return view.page.locator(".chat-own").innerText();
      }).toMatch(/paris@localhost\s+online/);
    });
    expect((await server.sessions()).map(({ username }) => username)).toContain("paris");
  });

  describe.each(["desk", "phone"] as const)("on a %s", (size) => {
    it.each(["light", "dark"] as const)("can read, name and see all of it, %s", async (colorScheme) => {
      const { server } = setting;
      const names = [`romeo-${size}-${colorScheme}`, `juliet-${size}-${colorScheme}`] as const;
      for (const name of names) await server.addUser(name, "secret");
      const viewport = size === "desk" ? { width: 1280, height: 800 } : { width: 390, height: 844 };
      const view = await setting.look({ viewport, colorScheme, isMobile: size === "phone", hasTouch: size === "phone", reducedMotion: "reduce" });
      const { page } = view;
      const wrong: string[] = [];
      const check = async (name: string): Promise<void> => {
        const [nameds, texts, sideways] = [await nameless(page), await faint(page), await wide(page)];
        for (const found of [...nameds.nameless, ...texts.faint, ...sideways]) wrong.push(`${name}: ${found}`);
        await picture(page, `chat-${size}-${colorScheme}-${name}`);
      };
      await view.go("#/chat");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await check("sign-in");
      await signIn(view, names[0], "secret");
      await online(view, `${names[0]}@localhost`);
      await page.getByRole("button", { name: "+ another" }).click();
      await signIn(view, names[1], "secret");
      await online(view, `${names[1]}@localhost`);
      await open(view, `${names[0]}@localhost`);
      for (const words of ["O Romeo, Romeo! wherefore art thou Romeo?", "Deny thy father and refuse thy name"]) await say(view, words);
      await person(view, names[0]);
      await open(view, `${names[1]}@localhost`);
      await say(view, "Shall I hear more, or shall I speak at this?");
      await page.getByRole("button", { name: "Add to contacts" }).click();
      await view.slider.waitFor();
      await eventually(async () => (await view.session()).lit).toContain("connected");
      await check("chat");
      await page.getByLabel("Somebody, or a room").fill("lobby");
      await page.getByRole("button", { name: "Join room" }).click();
      await eventually(() => page.locator(".chat-head").innerText()).toContain(names[0]);
      await say(view, "A room of one's own");
      await check("room");
      expect(wrong).toEqual([]);
    });
  });
});
