/** How stories begin, go on and end; every rule is a template, see `Grammar`. */
export const plotRules: Record<string, string> = {
  story: `[{@lost}|{@shared}|{@afraid}|{@learned}|{@made}|{@rescued}|{@sorry}|{@changed_plan}|{@went}
    |{@useful_thing}|{@won}|{@wished}|{@gave}|{@grew}|{@new_child}|{@way_home}|{@too_much}|{@bedtime}]`,

  // Parts that several plots use.
  intro: `{=hero}{=elder}{=town}{=trait}[Once upon a time, there was {a #size} {hero.child} named {hero}.
    [{hero}|{^hero.he}] lived in {a #townkind} {town}.|Once upon a time, in {a #townkind} {town}, there lived
    {a #size} {hero.child} named {hero}.|There once was {a trait} {hero.child} called {hero}.|{hero} was {a trait}
    {hero.child} who lived in {a #townkind} {town} with {hero.his} {elder}.|{hero} lived with {hero.his} {elder} in
    {a #townkind} {town}.|In {a #townkind} {town} lived {a #size} {hero.child}. {^hero.his} name was
    {hero}.][ {^hero.he} was very {trait}. {trait.proof}.| {hero} loved to {#pastime}.| {hero} liked to {#pastime} and
    to {#pastime}.| Every day, {hero.he} liked to {#pastime}.| {@outfit}| {^hero.he} wanted to be {a #job} one day.|]`,
  said: `said`,
  replied: `[said|replied|answered]`,
  asked: `[asked|asked|asked|wondered]`,
  scene: `[{#nature} |{#detail} |]`,
  wild_scene: `[{#nature} |]`,
  outfit: `{hero} [often wore|always wore|liked to wear] {a #color} {#clothing}.`,
  felt_glad: `[{hero} smiled {#warmly}.|{hero} was {#glad}.|{hero} felt {#glad}.|{^hero.he} was {#glad} and could
    not stop smiling.|{hero} jumped up and down.|{hero} laughed and clapped {hero.his} hands.|A big smile came over
    {hero.his} face.]`,
  felt_sad: `[{hero} sighed {#deeply}.|{hero} was {#sad}.|{hero} felt {#sad}.|Tears ran down {hero.his}
    cheeks.|{hero} sat down and began to cry.|{hero} hung {hero.his} head.|{^hero.his} lip began to tremble.]`,
  home: `[When the sun went down, they went home.|Then it was time to go home.|They walked home hand in hand.|On
    the way home they sang a song.|That evening, {hero} told {hero.his} {elder} everything.|At dinner they talked
    about it again and again.]`,
  happy_end: `[That night, {hero} dreamed of {#topic}.|And they all lived happily ever after.|It was the best day
    ever.|That night, {hero} fell asleep with a smile.|{hero} never forgot that day.|And that was a very good day.|The
    end.|{^hero.his} {elder} was proud of {hero.him}.|{hero} could not wait for the next day.|{hero} told everyone
    about it.|It had been a long day, and a good one.]`,
  friends_end: `[{@happy_end}|From that day on, they were best friends.|{hero} and {friend} stayed friends for a
    long time.|{hero} was glad to have a friend like {friend}.|The next day, {hero} and {friend} played {#game}.]`,

  lost: `{@intro}{=toy}{=hidden} [{^hero.his} favorite thing was {a #color} {toy}.|{^hero.he} had {a #color} {toy}
    and took it everywhere.|{^hero.his} {elder} had given {hero.him} {a toy}, and {hero} loved it.]

    {#day}, {hero} [wanted to play with the {toy}, but it was gone|could not find the {toy}|woke up and saw that the
    {toy} was not there]. {@felt_sad} {^hero.he} looked {#searched}. {^hero.he} looked {#searched}.[ {^hero.he} even
    looked {#searched}.|] [The {toy} was not there.|There was no {toy} anywhere.|It was nowhere.] "[Where is my
    {toy}?|I have lost my {toy}!|My {toy} is gone!]" {hero} {#upset}.

    [{@lost_with_friend}|{@lost_with_elder}]

    {#later}, they found the {toy} {hidden}! [You see, {hidden.why}.|It was easy to understand: {hidden.why}.|Now they
    knew what had happened: {hidden.why}.] {@felt_glad} "[Thank you for helping me|Thank you! I could not have found
    it alone|We found it! Thank you so much]," {@said} {hero}. [After that, {hero} always put the {toy} back in its
    place.|{hero} learned to take good care of {hero.his} things.|{hero} learned that it is easier to look
    together.|Then they played {#game} until it was dark.] {@happy_end}`,
  lost_with_friend: `{=friend}[{hero}'s friend {friend}|{friend} from next door|{friend}, who was {hero.his} best
    friend,] [heard {hero.him}|came over|saw that {hero} was sad]. "[Do not cry|Do not worry|Cheer up], {hero}. [I
    will help you look|Let us look together|Two pairs of eyes see more than one]," {friend.he} {@said}. "[When did you
    play with it last|Where were you yesterday|Did you look everywhere]?" [{hero} thought and thought.|{hero} tried to
    remember.|{hero} wiped {hero.his} eyes.] They looked {#slowly}.`,
  lost_with_elder: `{^hero.his} {elder} [came into the room|put down {elder.his} cup|knelt down beside {hero.him}].
    "[What is wrong|What happened|Why are you crying], {hero}?" {elder.he} {@asked}. "I cannot find my {toy},
    {elder.call}," {hero} {#soft}. "Then [we will look together|let us think about where you had it last|let us start
    in one corner and go on step by step]," {@replied} {hero.his} {elder}.`,

  shared: `{@intro}{=friend}{=food}

    {#day}, {hero.his} {elder} gave {hero.him} {a food}. {@scene}{hero} took the {food} to the {#outdoors} and sat
    down [on a bench|in the shade|under {a #tree} tree|on a flat stone]. [Then|Just then] {friend} came by.
    {^friend.he} [looked at the {food}|had not eaten all day|had forgotten {friend.his} lunch]. "[May I have a
    bite|Can I have some of it|Will you share it with me], please?" {@asked} {friend}.

    [{@shared_late}|{@shared_at_once}]

    [{hero} learned that sharing makes everything taste better.|That day {hero} learned that sharing is fun.|After
    that, they always shared their food.|"Sharing makes one cake into two smiles," {hero.his} {elder} {@said} that
    evening.|{hero} knew that {a food} for two is better than {a food} for one.] {@friends_end}`,
  shared_late: `"No! [It is mine|It is all mine|I want it all for myself]," {@replied} {hero}. {friend} [walked
    away|looked at the ground|turned around and left] without a word. {hero} [took a big bite|ate a little]. But the
    {food} [did not taste good at all|did not taste half as sweet as before]. [It is no fun to eat alone|Everything
    was too quiet], and {hero} felt {#sad}. {^hero.he} [got up and ran after {friend.him}|ran to find
    {friend.him}|followed {friend.him} to the gate]. "[I am sorry|Please wait|Forgive me], {friend}. [I was not kind|I
    was selfish|I did not think]. Here, [half of it is for you|take this half|you may have the bigger piece],"
    {hero.he} {@said}. {friend} [smiled|was {#glad}|thanked {hero.him}], and they [ate the {food} together|sat side by
    side and ate].`,
  shared_at_once: `"[Of course|Yes, gladly|Sure], {friend}," {@replied} {hero}. {^hero.he} made two parts of the
    {food} and gave {friend} the [bigger|larger|better] one. "[Thank you|How kind you are|That is very nice of you],
    {hero}!" {friend} {#loud}. The next day, {hero} [forgot {hero.his} own lunch at home|had nothing to eat|dropped
    {hero.his} lunch into the mud]. {friend} saw it and [opened {friend.his} bag|came to {hero.him} with a smile].
    "[Now it is my turn to share|Yesterday you helped me, today I help you|I have {#fruit} for both of us],"
    {friend.he} {@said}. {@felt_glad}`,

  afraid: `{@intro}{=fear} But {hero} was afraid of {fear}, because {fear.because}.

    {#day}, [{hero} had to be brave|there was no way around it|it happened again]. {@scene}"[I cannot do it|I am
    scared|I am so afraid of {fear}|Please do not make me do it], {elder.call}," {hero} {#soft}. {^hero.his} {elder}
    [took {hero.his} hand|sat down beside {hero.him}|gave {hero.him} a hug]. "[When I was small, I was afraid
    too|Everyone is afraid sometimes|Being brave means to try even when you are afraid]. {fear.advice}," {elder.he}
    {@said}.

    {hero} [took a deep breath|closed {hero.his} eyes for a moment|swallowed hard|held {hero.his} {#toy} tight].
    {^hero.his} heart [beat fast|was beating like a drum]. Then {hero.he} {fear.step}. [And what did {hero.he} find
    out?|Something wonderful happened.|{hero} opened {hero.his} eyes wide.] [It turned out that|{^hero.he} saw that]
    {fear.truth}. "[It was not so bad|I did it|Look at me, {elder.call}|I am not afraid anymore]!" {hero} {#loud}.
    {@felt_glad}

    [From then on, {hero} was not afraid of {fear} anymore.|{hero} learned that things are often less scary when you
    look at them closely.|{hero} was still a little afraid the next time, but only a little.|"I knew that you were
    brave," {@said} {hero.his} {elder}.] {@happy_end}`,

  learned: `{@intro}{=skill}{=friend} More than anything, {hero} wanted to learn to {skill}. {^hero.his}
    [friend|cousin|neighbor] {friend} could do it already.

    {#day}, {hero} {skill.trying}. {@scene}But {skill.fail}. "[I will never learn it|It is too hard|I cannot do
    it|This is no fun]!" {hero} {#upset}. {@felt_sad} {friend} [saw it|came closer|did not laugh]. "[It was hard for
    me too|Nobody can do it the first time|Do not give up]. {skill.tip}," {friend.he} {@said}.

    {hero} tried again. [It went a little better.|{^hero.he} failed again, but not as badly.|It was still hard.]
    {^hero.he} practised [every day|for a whole week|every morning before school|in the rain and in the
    sun].[ Sometimes {hero.he} wanted to give up, but {friend} cheered for {hero.him}.| One day {hero.he} wanted to
    stop, but {hero.his} {elder} brought {#drink} and said, "One more time."|] {#later}, {hero} {skill.success}.
    "[Look! I can do it|I did it|Did you see that]!" {hero.he} {#loud}. {@felt_glad}

    [{hero} learned that practice makes hard things easy.|{friend} clapped and {hero.his} {elder} gave {hero.him}
    {#treat}.|Now {hero} could {skill} and helped smaller children to learn it.|"You never gave up," {@said} {friend}.
    "That was the secret."] {@friends_end}`,

  made: `{@intro}{=make}{=friend} {#day}, {hero} had an idea. "Let us make {a make}!" {hero.he} {@said} to
    {hero.his} friend {friend}. "[What do we need|How do we do that|How do we begin]?" {@asked} {friend}. "We need
    {make.need}," {@replied} {hero}.

    {@scene}First, {hero} {make.first}. Then {friend} {make.then}. They [worked all morning|laughed a lot|sang while
    they worked|were very busy]. But then something went wrong: {make.mishap}. "[Oh no|Oh dear]! [What shall we do
    now?|It is ruined!|All that work for nothing!]" {friend} {#upset}. {hero} [scratched {hero.his} head|thought for a
    while|did not give up]. "[I know what to do|I have an idea|Wait, we can fix it]," {hero.he} {@said}. So they
    {make.fix}.

    When the {make} was ready, {make.done}.[ {^hero.his} {elder} came to look at it. "[How lovely!|What a wonderful
    {make}!|You two are clever!]" {elder.he} {@said}.| {^hero.his} {elder} gave each of them {#treat}.|] {hero} and
    {friend} were {#glad}. [They learned that a mistake is not the end.|They had worked together, and that made it
    special.|"Tomorrow we will make another one," {@said} {friend}.|A problem is only a riddle, they thought.]
    {@friends_end}`,

  rescued: `{@intro}{=rescue}{=friend}

    {#day}, {hero} and {hero.his} friend {friend} were [walking|playing {#game}|looking for {#fruit}] in the
    {#outdoors}. {@scene}Suddenly they [heard something|heard a strange noise|stopped]. It was a little {rescue},
    {rescue.trouble}. It {rescue.sound} and looked at them. "[Poor thing|Oh, look|The poor little {rescue}]! We must
    help it," {@said} {hero}. "But how?" {@asked} {friend}. {hero} looked around. "{rescue.idea}," {hero.he}
    {@replied}.

    [They ran home and asked {hero}'s {elder} for help.|{friend} ran {#quickly} to get what they needed while {hero}
    stayed with the {rescue}.|{=neighbor}They met {neighbor}, the {neighbor.job}, who was {neighbor.work}.
    {^neighbor.he} came along to help.] {hero} talked to the {rescue} in a soft voice so that it would not be afraid.
    Then they {rescue.act}. [It took a long time, but it worked.|It was not easy, but it worked.|Very soon the
    {rescue} was safe.]

    The {rescue} {rescue.thanks}. "[It says thank you|I think it likes us|Good luck, little one]," {@said} {friend}.
    {hero} and {friend} were {#glad} because they had helped. {@home} {@friends_end}`,

  sorry: `{@intro}{=mistake}

    {#day}, something bad happened. {hero} {mistake}, because {mistake.how}. {hero} was scared that {hero.his} {elder}
    would be angry, so {hero.he} {mistake.hid}. [Nobody saw it.|{^hero.his} {elder} did not notice anything at first.]
    But {hero} [could not play|could not eat|could not sleep|could not think of anything else]. {^hero.his} [tummy
    hurt|heart was heavy|cheeks were hot].

    "[Is something wrong|Are you all right|Why are you so quiet], {hero}?"
    {@asked} {hero.his} {elder}. {hero} looked at {hero.his} shoes. "[I have to tell you something|I did something
    bad|It was me], {elder.call}," {hero.he} {#soft}. And {hero} told {elder.him} everything. "I am [so|very] sorry."
    {^hero.his} {elder} was quiet for a moment. Then {elder.he} [hugged {hero.him}|took {hero.his} hand|smiled a
    little]. "[Thank you for telling me the truth|I am glad that you told me|Everybody makes mistakes]. [Now let us
    make it good again|Now you can make it right|But hiding it makes it bigger]," {elder.he} {@said}.

    So {hero} {mistake.repair}. [It took a long time, but {hero.he} did not complain.|{^hero.his} {elder} helped
    {hero.him}.|When it was done, {hero.his} heart felt light again.] [{hero} learned that the truth is better than a
    secret.|{hero} learned to say sorry.|From then on {hero} was more careful, and always told the truth.|"I will be
    careful next time," {@said} {hero}.] {@happy_end}`,

  changed_plan: `{@intro}{=weather}{=friend} {#day}, {hero} and {hero.his} friend {friend} wanted to
    {weather.plan}. They had [waited for it all week|packed everything the night before|talked about it for days]. But
    when they [looked outside|opened the door|stepped out], {weather.sign}. [It was {weather.came}!|"{^weather.came}!"
    {hero} {#upset}.] {@felt_sad} "[Now we cannot {weather.plan}|Our day is ruined|This is not fair|We will have to
    stay at home]," {@said} {hero}.

    {friend} [looked out of the window|thought about it|put {friend.his} hands into {friend.his} pockets]. "[Maybe we
    can do something else|The weather does not know our plans|Every kind of weather is good for something],"
    {friend.he} {@replied}.[ {^hero.his} {elder} brought {#drink} and listened to them.|] Then they had an idea. They
    {weather.fun}. [They laughed so much that they forgot the time.|It was even more fun than what they had
    planned.|{^hero.his} {elder} came and joined them.]

    "[I am glad that it turned out like this|Tomorrow I want the same weather again|This was a good day after all],"
    {@said} {hero}. [{hero} learned that a change of plans can be a gift.|{friend} {#loud}, "Me too!"|A few days later
    the weather changed, and then they could {weather.plan}.] {@friends_end}`,

  went: `{@intro}{=trip}

    {#day}, {hero} and {hero.his} {elder} went to the {trip}. {hero} was {#glad} because {hero.he} had never been
    there before. They went there by {#vehicle} and took [{a #food}|{#fruit} and {#drink}] with them. {@scene}[First
    they saw|The first thing {hero} saw was] {trip.saw1}. "[Look, {elder.call}|Oh, how big|Wow]!" {hero} {#loud}. Then
    they saw {trip.saw2}. {hero} [asked {#number} questions|could not stop looking|stood still with an open mouth].

    [{@went_astray}|{@went_rest}]

    [The best part was|What {hero} liked best was] {trip.best}. On the way home, {hero} was [tired but {#glad}|so
    tired that {hero.he} fell asleep|{#glad} and talked the whole time]. "[Can we go to the {trip} again|When can we
    come back|May {=friend}{friend} come with us next time]?" {hero.he} {@asked}. "[Of course we can|Yes, very
    soon|Next summer]," {@replied} {hero.his} {elder}. {@happy_end}`,
  went_astray: `But when {hero} turned around, {hero.his} {elder} was gone. {hero} was {#sad}. Then {hero.he}
    remembered what {hero.he} had learned: [stay where you are|ask somebody who works there|do not run around]. [A
    lady|A man|A young woman|An old man] who worked there saw {hero.him}. "[Did you lose someone|Are you alone]?" came
    the question. {hero} nodded. Soon a voice called through the {trip}: "{hero} is looking for {hero.his} {elder}!"
    And there came {hero.his} {elder}, running. They hugged for a long time.`,
  went_rest: `At noon they sat down and ate. {hero} gave some crumbs to {a #bird}. "[What did you like best so
    far|Are you tired|Shall we go on], {hero}?" {@asked} {hero.his} {elder}. "[I want to see everything|I like it
    all|I want to live here]!" {@replied} {hero}.`,

  useful_thing: `{=hero_thing}Once upon a time, there was a little {hero_thing} named {hero_thing.name}.
    {hero_thing.name} [wanted to|dreamed of the day when it would] {hero_thing.wish}. But [it was sad, because
    {hero_thing.weak}|{hero_thing.weak}, and that made it sad]. "[You are too small|You are no use|Nobody needs you],"
    said the others. {hero_thing.name} [said nothing|was {#sad}|went into a corner] and waited.

    {@scene}{#day}, something happened: {hero_thing.crisis}. [Nobody knew what to do.|Everybody was worried.|"Who can
    help?" people asked.] "[Let me try|I can do it|I want to help]," {@said} {hero_thing.name}. [Some of them
    laughed.|Nobody had a better plan.|They looked at it in surprise.] The little {hero_thing} [was afraid, but it|did
    not wait. It|took all its courage. It] {hero_thing.act}.

    "[Hooray for {hero_thing.name}|Thank you, {hero_thing.name}|Well done, little {hero_thing}]!" everyone {#loud}.
    [Now nobody laughed anymore.|The others said that they were sorry.|From then on, the others asked
    {hero_thing.name} to play with them.] {hero_thing.name} was {#glad}. [It is not size that matters, but what you
    do.|Everyone is good at something.|Sometimes the smallest one helps the most.|And it never felt too small again.]`,

  won: `{=contest}{=animal}{=other}{=hero}{=friend}{=judge}Once upon a time, {a animal} named {hero} and {a other}
    named {friend} lived near the same {#outdoors}. {hero} [liked to boast|was very proud|thought a lot of
    {hero.himself}]. {friend} [was quiet|worked hard|did not say much]. {#day}, {a judge} [made a plan|put up a
    sign|called all the animals together]: there would be {a contest}! "{contest.boast}," {@said} {hero}. "[I will
    just do my best|We will see|It will be fun for all of us]," {@replied} {friend}.

    {@wild_scene}On the big day, all the animals came. "[Ready, set, go|Begin]!" the {judge} {#loud}. {hero} [began at
    once, but soon stopped to eat some {animal.food}|was far ahead and lay down for a nap|looked around to see who was
    watching, and made one mistake after another]. {friend} {contest.work}. {hero} [laughed|did not even look up|waved
    at the crowd]. But [little by little, {friend} came closer|when {hero} looked again, it was too late|soon nobody
    looked at {hero} anymore].

    In the end, {friend} won. The {judge} gave {friend.him} [a crown of {#flower}|a basket of {other.food}|a shiny
    medal]. {hero} was {#sad} at first. Then {hero.he} [went to {friend}|walked up to {friend}|bowed]. "[You were
    better than I was|You have earned it|I was too proud]. [Will you teach me|Can we be friends|Can you forgive me]?"
    {hero.he} {@asked}. "[Of course|Gladly|Yes, {hero}]," {@replied} {friend}. {hero} had learned that
    {contest.lesson}. [And they shared the {other.food}.|After that, they practised together.|From that day on, they
    were friends.]`,

  wished: `{@intro}{=magic} {#day}, {hero} found {a magic} {magic.where}. [It glowed|It was warm|It hummed a little
    tune] in {hero.his} hand. "[I can grant one wish|Make a wish, but think before you speak|Tell me what you want
    most of all]," {@said} a tiny voice. {hero} [did not think for long|thought of it at once|could hardly believe
    it]. {^hero.he} wished for {magic.wish}.

    And [so it was|the wish came true|in the blink of an eye, there it was]! At first, {hero} was {#glad}. {@scene}But
    then came the trouble: {magic.harm}. "[Oh no, this is not what I wanted|What have I done|I did not think of
    that]!" {hero} {#upset}. {^hero.he} ran to {hero.his} {elder} and told {elder.him} everything. "[Wishes are like
    seeds, you must think about what grows from them|Think of what your heart needs, not your eyes|A good wish makes
    more than one person happy]," {@replied} {hero.his} {elder}. {hero} thought about it. Then {hero.he} {magic.undo}.

    [Everything was well again.|The {magic} stopped glowing, as if it wanted to rest.|The tiny voice laughed kindly
    and was gone.] {@felt_glad} [{hero} put the {magic} back where it came from.|{hero} kept the {magic} on the window
    sill, but {hero.he} never needed it again.|{hero} learned to think before making a wish.] {@happy_end}`,

  gave: `{@intro}{=gift} Soon it would be {hero.his} {elder}'s birthday. {hero} [had only {#number} coins|had no
    money|looked into {hero.his} piggy bank, and it was empty]. "[What can I give {elder.him}|How can I make
    {elder.him} happy]?" {hero.he} thought. {^hero.he} looked at the {#toy} in the shop window, but [it cost too
    much|it was not right for {elder.him}].

    {=neighbor}Then {hero} met {neighbor}, the {neighbor.job}, who was {neighbor.work}. "[The best presents are made
    by hand|A present is a piece of your time|Give something that only you can give]," {neighbor} {@said}.
    {@scene}That gave {hero} an idea. It would be {a gift}! {^hero.he} worked in secret. {^hero.he} {gift.how}. [It
    was not perfect, but it was made with love.|{^hero.his} fingers hurt, but {hero.he} did not stop.|{^hero.he}
    worked until late in the evening.]

    On the birthday, {hero} [could hardly wait|got up before the sun|was very nervous]. "[Happy birthday|This is for
    you|I made it myself], {elder.call}!" {hero.he} {#loud}. {^hero.his} {elder} [was silent for a moment|had tears in
    {elder.his} eyes|looked at it for a long time]. "This is the [best|finest|nicest] present I have ever had,"
    {elder.he} {@said}. {gift.tasted}. {hero} was {#glad}. [Love is worth more than money, {hero.he}
    thought.|{@happy_end}]`,

  grew: `{@intro}{=seed} {#day}, {hero.his} {elder} gave {hero.him} a small {#color} seed. "[What will it be|What
    is inside|What do I do with it]?" {@asked} {hero}. "[Wait and see|It will be {a seed}, if you are patient|Put it
    into the earth and give it water]," {@replied} {hero.his} {elder}.

    {hero} put the seed into the [dark|soft|warm] earth. The next morning {hero.he} ran out to look. There was
    nothing. {^hero.he} looked again on the second day, and on the third. {@felt_sad} "[It is not growing|My seed is
    asleep|I have waited so long], {elder.call}!" {hero.he} {#upset}. "[It is working where you cannot see it|Good
    things take time|Roots come first]," {@replied} {hero.his} {elder}. So {hero} [watered it every evening|pulled out
    the weeds|sang to it|told it a story each night] and waited.

    After {#number} weeks there was a tiny green tip. {@felt_glad} {@scene}The plant grew higher and higher, and the
    {seed.helper} helped it. {#later}, it had {seed.fruit}. {hero} [called everyone to see it|danced around it|could
    hardly believe it]. "[You were patient|You took good care of it|Look what your waiting has made]," {@said}
    {hero.his} {elder}. [{hero} kept some seeds for the next spring.|{hero} gave a seed to every friend.|{hero}
    learned that waiting can be a kind of work.] {@happy_end}`,

  new_child: `{@intro}{=friend} {#day}, a new {friend.child} came to {hero}'s [class|street|school|playground].
    {^friend.his} name was {friend}. {friend} [sat alone in the corner|stood by the fence|did not talk to anyone].
    {^friend.he} [came from a faraway land|spoke another language|had left all {friend.his} friends behind] and felt
    {#sad}.[ Some children laughed at {friend.his} {#color} {#clothing}.| The other children played {#game} and did
    not ask {friend.him}.|] {hero} saw it.

    {hero} remembered [how it felt to be alone|{hero.his} own first day|what {hero.his} {elder} always said: everyone
    needs a friend]. {^hero.he} walked over. "[Hello, I am {hero}|Hi! My name is {hero}]. [Do you want to play {#game}
    with us|Would you like to sit with me|Do you like {#fruit}]?" {hero.he} {@asked}. {friend} looked up. {^friend.he}
    [nodded|smiled a little|gave a very small smile]. {@scene}Soon {hero} saw that {friend} [knew a game that nobody
    else knew|could draw better than anyone|could run like the wind|could make animals out of paper|could sing a song
    from {friend.his} own land]. "[Can you show me that again|Can you teach me|How do you do that]?" {@asked} {hero}.

    [The other children came closer.|One by one, the others came to watch.] Before long, everyone wanted to
    [play|sit|talk] with {friend}. "[Thank you for talking to me|You were the first one who said hello|Now I like it
    here], {hero}," {friend.he} {@said}. [One kind word can change a whole day.|{hero} learned that a new friend is
    like a new book.|After that, they walked to school together every morning.] {@friends_end}`,

  way_home: `{=hero}{=animal}{=other}{=judge}{=friend}Once upon a time, there was {a animal.baby} named {hero}.
    {hero} lived with {hero.his} mother in {a animal.home}. "[Do not go too far|Stay where I can see you|Come back
    before dark]," {hero.his} mother always said. {#day}, {hero} saw {a #color} {#insect}. {^hero.he} {animal.moved}
    after it, farther and farther. {@wild_scene}When {hero.he} stopped, {hero.he} did not know where {hero.he} was.
    [Everything looked strange.|There was no {animal.home} anywhere.] {@felt_sad}

    {A other} named {friend} {other.moved} by. "[Why are you crying|Are you lost|What are you doing here all alone],
    little {animal.child}?" {@asked} {friend}. "I cannot find my {animal.home}," {hero} {#soft}. "[I do not know where
    it is|I have never seen it], but [I know who does|we can ask the {judge}|the {judge} sees everything]," {@replied}
    {friend}. So they went to the {judge}. The {judge} [thought for a while|closed one eye|listened]. "[Go past the
    three {#tree} trees and across the stream|Follow the path with the white stones|Walk toward the evening sun until
    you smell {animal.food}]," {@replied} the {judge}.

    {hero} and {friend} [did just that|thanked the {judge} and set off|walked and walked]. {#later}, they saw the
    {animal.home}! {hero}'s mother {animal.moved} to meet them. "[I was so worried|I looked for you everywhere|My dear
    child, there you are]!" {@said} {hero.his} mother. "[I am sorry, Mother|I will listen to you now, Mother|I went
    too far, Mother]," {@replied} {hero}. [{hero}'s mother gave {friend} some {animal.food} as a thank you.|Then
    {friend} stayed for dinner, and they ate {animal.food}.] [{hero} never went so far alone again.|From that day on,
    {hero} listened to {hero.his} mother.|And {hero} had found a friend.]`,

  too_much: `{=hero}{=animal}{=other}{=friend}{=judge}In {a #townkind} [forest|meadow|garden|valley|orchard] lived
    {a animal} named {hero} and {a other} named {friend}. {hero} [was always hungry|could never have enough|wanted
    everything for {hero.himself}]. {#day}, they found a big pile of {#fruit}. "[Let us share|We should keep some for
    the winter|Half for you and half for me]," {@said} {friend}. "[I saw it first|No, it is all for me|I am bigger, so
    I get more]!" {hero} {#loud}.

    So {hero} ate and ate. {^hero.he} ate until {hero.his} belly was as round as a ball. {@wild_scene}Then {hero.he} wanted
    to go back into {hero.his} {animal.home}, but {hero.he} [could not move|did not fit through the way in|had a
    terrible stomach ache]. "[Oh, my tummy|Help me, please|It hurts]," {hero} {#soft}. {friend} could have
    [laughed|walked away|said, "I told you so"]. But {friend} [brought {#drink}|made a warm bed of leaves|sat with
    {hero.him} all night] and told {hero.him} a story about {a judge}.

    In the morning, {hero} felt better. "[Why did you help me after I was so greedy|I took everything. Why are you so
    kind to me|Why did you stay with me]?" {@asked} {hero}. "[Because we are friends|A friend helps|You would do it
    for me]," {@replied} {friend}. The next time they found food, {hero} [made two piles, and gave {friend} the larger
    one|asked {friend} first|called all the neighbors to eat with them]. [Too much of a good thing is not good.|It is
    better to have enough for all than too much for one.|And nobody had a stomach ache again.]`,

  bedtime: `{@intro}{=toy}{=friend} [It was late and the moon was in the sky.|The stars were out.|It was bedtime.]
    But {hero} [was not tired|did not want to sleep|sat wide awake in bed]. "[I am thirsty|I heard something|I cannot
    sleep|Just one more game], {elder.call}," {@said} {hero}. {^hero.his} {elder} brought [{#drink}|a glass of
    water|an extra blanket]. "[Now close your eyes|Sleep well|Good night], {hero}," {elder.he} {@said}.

    {^hero.his} {elder} read from a book about {#topic}. Then {hero} wanted [{hero.his} {toy}|a story|the window
    open|the light on]. {^hero.his} {elder} sat down on the bed. "[Do you know what the animals are doing now|Shall I
    tell you who is asleep already]?" {elder.he} {@asked}. "The {#animal} is asleep in its {#animal.home}. The
    {#animal} has closed its eyes. Even the {#bird} in the {#tree} tree has put its head under its wing." {hero}
    [yawned|listened|pulled up the blanket]. "And my friend {friend}?" {hero.he} {@asked}. "{friend} is asleep too,
    [and {friend.his} {#toy} is beside {friend.him}|under {a #color} blanket|and dreams of {#fruit}]," {@replied}
    {hero.his} {elder}.

    {hero} [held the {toy} tight|looked at the moon once more|thought about all of them]. "[Then I will sleep too|Good
    night, everybody|Tomorrow I will ask {friend} what {friend.he} dreamed]," {hero.he} {#soft}. [In a minute
    {hero.he} was asleep.|{^hero.his} eyes closed all by themselves.] {^hero.his} {elder} [turned off the lamp|kissed
    {hero.him} on the forehead|left the door open a little] and smiled. [That night, {hero} dreamed of {a #color}
    {#animal} that could fly.|And the moon looked in at the window until morning.|{hero} slept until the {#bird}
    sang.]`,
};
