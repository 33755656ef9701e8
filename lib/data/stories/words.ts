import type { WordList } from "./grammar.ts";

/** A list of words separated by commas; the common ones stand at the head and are drawn more often. */
export function words(text: string): WordList {
  return {
    fields: ["word"],
    rows: text.trim().split(/\s*,\s*/).map((word) => [word.replace(/\s+/g, " ")]),
    falling: true,
  };
}

/** A table: one row a line, its fields separated by semicolons. */
export function table(fields: string, text: string, falling = false): WordList {
  const names = fields.split(" ");
  const rows = text.trim().split("\n").map((line) => line.split(";").map((field) => field.trim()));
  const odd = rows.find((row) => row.length !== names.length);
  if (odd) {
    throw new Error(`Cannot read a table of ${names.length} fields (${fields}): a row is ${JSON.stringify(odd)}`);
  }
  return { fields: names, rows, falling };
}

const girls = words(`Lily, Mia, Anna, Sara, Lucy, Emma, Nora, Ella, Zoe, Ruby, Amy, Rose, Molly, Clara, Ivy, Jane, Maya,
  Kate, Sophie, Daisy, Tina, Lena, Polly, Eva, Nina, Bella, Hazel, Penny, June, Tara, Wendy, Olive, Stella, Mary, Alma,
  Carla, Flora, Greta, Heidi, Ida, Josie, Kira, Leila, Mona, Nadia, Pia, Rita, Selma, Tilda, Uma, Vera, Willa, Yara,
  Zelda, Amira, Bonnie, Cleo, Dora, Edith, Freya, Gina, Hanna, Ines, Julia, Karen, Laura, Mabel, Nelly, Opal, Paula, Queenie, Rachel, Sally, Thea, Ursula, Violet,
  Winnie, Yvonne, Abby, Betty, Celia, Diana, Elsa, Fiona, Gloria, Helen, Isabel, Joy, Kitty, Linda, Martha, Petra, Rosie,
  Susan, Tamara, Valerie, Wanda`);
const boys = words(
  `Tim, Ben, Tom, Sam, Max, Jack, Leo, Billy, Noah, Finn, Joe, Bob, Adam, Dan, Mark, Peter, Luke, Henry,
  Oscar, Jake, Toby, Eric, Paul, Otto, Fred, Hugo, Milo, Nick, Owen, Ray, Theo, Will, Zack, Alan, Boris, Carl, David,
  Emil, Felix, George, Harry, Ivan, Jonah, Karl, Liam, Matt, Ned, Omar, Pablo, Quinn, Rob, Simon, Ted, Umar, Victor,
  Walter, Yusuf, Zane, Arlo, Basil, Gus, Hans, Igor, Jim, Kurt, Lars, Mike, Nils, Oliver, Patrick, Quincy, Ralph, Scott, Tony, Ulrich, Vincent,
  Wesley, Yann, Albert, Bruno, Colin, Dennis, Edgar, Frank, Gavin, Howard, Isaac, Jasper, Kevin, Louie, Martin, Nathan, Percy, Robin,
  Stanley, Trevor, Vernon, Wyatt`,
);

/** A list that holds the words of two lists in turn, so that both heads stand at the head. */
function names(): WordList {
  const she = "she; her; her; herself; girl; sister; daughter; queen".split("; ");
  const he = "he; him; his; himself; boy; brother; son; king".split("; ");
  const rows = girls.rows.flatMap(([girl], i) => [[girl, ...she], [boys.rows[i][0], ...he]]);
  return { fields: "name he him his himself child sibling kid crown".split(" "), rows, falling: true };
}

/** The words of the stories, by what they are. */
export const wordLists: Record<string, WordList> = {
  name: names(),
  elder: table(
    "word call he him his",
    `mom; Mom; she; her; her
     dad; Dad; he; him; his
     grandma; Grandma; she; her; her
     grandpa; Grandpa; he; him; his
     aunt; Auntie; she; her; her
     uncle; Uncle; he; him; his`,
    true,
  ),
  neighbor: table(
    "name he him his job work",
    `Mrs. Green; she; her; her; gardener; watering [her roses|the beans|a row of small trees]
     Mr. Brown; he; him; his; baker; carrying [warm bread|a tray of buns|a sack of flour]
     Mrs. Hill; she; her; her; teacher; reading [a thick book|a long letter|the newspaper]
     Mr. Stone; he; him; his; farmer; mending [a fence|an old gate|his cart]
     Miss Bell; she; her; her; librarian; carrying [a pile of books|a heavy box|two bags of books]
     Mr. Fox; he; him; his; postman; sorting [letters|parcels|postcards]
     Mrs. Cook; she; her; her; doctor; riding [her old bicycle|a blue bicycle] home
     Mr. Wood; he; him; his; carpenter; sawing [a long board|a piece of oak|a log]
     Mrs. Lake; she; her; her; painter; painting [her front door|the old bench|a picture of the hills]
     Mr. Field; he; him; his; shepherd; counting [his sheep|the lambs]
     Miss Moon; she; her; her; singer; singing [a slow song|an old tune|softly]
     Mr. Potter; he; him; his; tailor; sewing [a warm coat|gold buttons on a vest|a striped scarf]
     Mrs. Waters; she; her; her; sailor; cleaning [her small boat|a fishing net]
     Mr. Sweet; he; him; his; shopkeeper; filling [jars with candy|the shelves|baskets with fruit]
     Captain Jones; he; him; his; firefighter; washing [the big red truck|the long ladder]
     Mrs. Clay; she; her; her; potter; making [a round bowl|cups and plates|a tall vase]
     Mr. Winter; he; him; his; clockmaker; fixing [a tiny watch|an old clock]
     Mrs. Fields; she; her; her; nurse; walking [slowly home|her brown dog]`,
  ),
  animal: table(
    "noun home moved food child baby",
    `rabbit; burrow; hopped; carrots; bunny; small rabbit
     fox; den; trotted; berries; fox; young fox
     bear; cave; walked; honey; cub; bear cub
     mouse; hole; scurried; cheese; mouse; tiny mouse
     duck; pond; waddled; bread crumbs; duckling; yellow duckling
     frog; pond; jumped; flies; frog; green froglet
     squirrel; tree; ran; nuts; squirrel; young squirrel
     hedgehog; pile of leaves; walked; apples; hedgehog; small hedgehog
     owl; hollow tree; flew; seeds; owlet; fluffy owlet
     turtle; log by the river; crawled; lettuce; turtle; young turtle
     deer; forest; leaped; grass; fawn; spotted fawn
     cat; basket; tiptoed; fish; kitten; striped kitten
     dog; kennel; ran; bones; puppy; brown puppy
     pig; pen; trotted; corn; piglet; pink piglet
     lamb; barn; skipped; clover; lamb; white lamb
     goat; shed; climbed; leaves; kid; young goat
     horse; stable; galloped; hay; foal; long-legged foal
     bee; hive; buzzed; nectar; bee; sleepy bee
     ant; anthill; marched; sugar; ant; small ant
     snail; garden; crept; cabbage; snail; baby snail
     beaver; dam; swam; bark; beaver; young beaver
     otter; riverbank; swam; fish; otter; playful otter
     badger; sett; shuffled; roots; badger; striped badger
     mole; tunnel; dug; worms; mole; velvet mole
     crow; nest; flew; cherries; crow; black crow
     robin; nest; flew; crumbs; robin; young robin
     swan; lake; glided; reeds; cygnet; gray cygnet
     elephant; jungle; stomped; bananas; elephant; baby elephant
     monkey; treetop; swung; bananas; monkey; cheeky monkey
     lion; den; strolled; meat; cub; lion cub
     zebra; plain; trotted; grass; zebra; striped zebra
     giraffe; plain; strode; leaves; giraffe; tall giraffe
     penguin; iceberg; waddled; fish; penguin; gray penguin
     seal; rock by the sea; slid; fish; seal; shiny seal
     whale; ocean; swam; shrimp; whale; blue whale
     crab; sandy hole; scuttled; seaweed; crab; little crab
     parrot; palm tree; flew; nuts; parrot; green parrot
     camel; desert; walked; dates; camel; wobbly camel
     kangaroo; bush; hopped; grass; joey; young joey
     panda; bamboo forest; rolled; bamboo; panda; round panda
     koala; gum tree; climbed; leaves; koala; sleepy koala
     wolf; den; ran; meat; wolf; gray wolf cub
     raccoon; hollow log; crept; corn; raccoon; masked raccoon
     hamster; cage; scampered; seeds; hamster; golden hamster
     donkey; shed; plodded; thistles; donkey; gray donkey
     goose; farmyard; marched; grain; gosling; downy gosling
     butterfly; garden; fluttered; nectar; caterpillar; fuzzy caterpillar
     ladybug; rose bush; crawled; leaves; ladybug; spotted ladybug
     dragon; mountain cave; flew; hot soup; dragon; baby dragon
     unicorn; secret valley; galloped; star flowers; unicorn; white unicorn`,
    true,
  ),
  toy: words(`ball, doll, toy car, teddy bear, kite, toy train, truck, book, puzzle, toy boat, drum, yo-yo, whistle,
    robot, jump rope, puppet, toy plane, marble, spinning top, paintbrush, toy rabbit, magnet, necklace, bracelet, ring,
    compass, flashlight, toy horse, shell, music box, magnifying glass, ribbon, wooden duck, toy dinosaur, rattle, flute,
    harmonica, map, notebook, pencil case, trumpet, toy castle, frisbee, scooter, rocket, tambourine, snow globe,
    paper crown, toy elephant, lantern, telescope, medal, sticker book, rag doll, toy tractor, boomerang, pinwheel,
    tea set, ukulele, bow tie`),
  clothing: words(
    `hat, scarf, coat, sweater, shirt, jacket, cap, dress, bonnet, vest, apron, cape, raincoat, skirt,
    shawl, hooded jacket, beret, cardigan, straw hat, wool cap, belt, poncho, sash, waistcoat, bathrobe, tunic`,
  ),
  food: words(
    `cake, cookie, apple, sandwich, pie, banana, muffin, pancake, pear, orange, peach, bun, pizza, plum, donut,
    carrot, waffle, ice cream cone, cupcake, slice of bread, candy bar, bowl of soup, lollipop, tart, pretzel, mango,
    melon, egg, omelet, biscuit, potato, cheese roll, bag of nuts, bowl of rice, dumpling, apricot, coconut, pineapple,
    jar of jam, piece of chocolate`,
  ),
  fruit: words(`apples, berries, cherries, pears, plums, oranges, peaches, strawberries, grapes, bananas, lemons, figs,
    melons, blueberries, raspberries, apricots, nuts, mushrooms, walnuts, chestnuts`),
  drink: words(`milk, juice, hot chocolate, water, tea, lemonade, warm milk, apple juice, cocoa, mint tea`),
  color: words(`red, blue, green, yellow, pink, brown, white, purple, orange, golden, black, gray, silver, violet,
    turquoise, crimson, scarlet, beige, ivory, emerald`),
  size: words(`little, small, tiny, young, cheerful, sweet`),
  trait: table(
    "word proof",
    `kind; {^hero.he} always [shared {hero.his} lunch|smiled at everyone|helped people who were sad|had time for a friend]
     curious; {^hero.he} [asked questions all day long|wanted to know how everything worked|looked under every stone]
     brave; {^hero.he} [was not afraid of the tall slide|liked to climb high|always went first]
     shy; {^hero.he} [hid behind {hero.his} mom when people came|spoke in a very soft voice|liked to play in quiet corners]
     clever; {^hero.he} [could count to a hundred|solved every riddle|knew the names of all the stars]
     playful; {^hero.he} [made a game out of everything|never sat still|ran and jumped from morning to night]
     gentle; {^hero.he} [never stepped on an ant|held every little thing with care|talked softly to the flowers]
     stubborn; {^hero.he} [liked to do everything alone|never liked to be told what to do|often said no before thinking]
     quiet; {^hero.he} [liked to listen more than to talk|could watch the clouds for hours|noticed small things]
     funny; {^hero.he} [told silly jokes|made everybody laugh|could make twenty different faces]
     careful; {^hero.he} [put every toy back in its place|looked twice before each step|kept {hero.his} shoes clean]
     dreamy; {^hero.he} [often forgot where {hero.he} was going|made up long stories|talked to the moon]
     busy; {^hero.he} [was always building something|had a new plan every morning|never had enough time]
     helpful; {^hero.he} [carried bags for the neighbors|set the table every evening|liked to fix broken things]
     proud; {^hero.he} [liked to win every game|told everyone how fast {hero.he} was|never said sorry first]
     impatient; {^hero.he} [did not like to wait|wanted everything right away|opened every present too early]
     polite; {^hero.he} [never forgot to say please|always said thank you|held the door open for others]
     messy; {^hero.he} [left toys all over the floor|could never find both socks|had paint on every shirt]
     grumpy; {^hero.he} [did not like mornings|often crossed {hero.his} arms|seldom smiled before lunch]
     adventurous; {^hero.he} [wanted to see the whole world|kept a packed bag under the bed|drew maps of the garden]
     honest; {^hero.he} [always told the truth|never kept what was not {hero.his} own|said what {hero.he} thought]
     forgetful; {^hero.he} [lost a mitten every week|forgot {hero.his} lunch at home again and again|never knew what day it was]`,
    true,
  ),
  pastime: words(`play outside, draw pictures, sing songs, run in the park, read books, play with friends, ride a bike,
    look at the stars, climb trees, build towers, bake with {hero.his} family, dance in the kitchen, jump in puddles,
    feed the birds, swim in the lake, collect stones, play hide and seek, paint with bright colors, listen to stories,
    dig in the garden, watch the clouds, play with blocks, chase butterflies, help at home, pick flowers, fly kites,
    make up games, tell jokes, look for bugs, roll down hills, play the drum, explore the woods, count the trains,
    splash in the bath, swing very high, write little letters, plant seeds, make paper boats, solve puzzles,
    play catch, whistle tunes, collect leaves, sail toy boats, wear funny hats, visit the farm, skip stones, do magic tricks,
    read about {#topic}, draw {#topic}, camp in the yard, hear stories about {#topic}, follow snails, sew tiny clothes, study maps`),
  town: words(
    `town, village, house by the sea, cottage, city, valley, street, farmhouse, house near the woods, house on a hill,
    apartment, cabin by the lake, harbor town, wooden house, house with {a #color} door, mountain village, castle,
    house beside a mill, houseboat, caravan`,
  ),
  townkind: words(
    `small, quiet, little, pretty, sunny, cozy, old, busy, peaceful, windy, friendly, snowy, faraway, bright`,
  ),
  outdoors: words(
    `park, garden, forest, field, meadow, beach, playground, yard, woods, hill, riverbank, orchard, lake shore,
    market square, village green, farmyard, zoo, path by the stream, old bridge, pine grove, vineyard, harbor`,
  ),
  hidden: table(
    "where why",
    `under the bed; it had rolled there when {hero} was asleep
     behind the sofa; it had slipped down during the last game
     in the laundry basket; it had been picked up with the dirty socks
     under a bush in the garden; the wind had pushed it there
     inside a big boot by the door; somebody had dropped it in by accident
     in the dog's basket; the dog had thought it was a present
     on top of the bookshelf; somebody had put it there while cleaning
     between two cushions; {hero} had been sitting on it all morning
     in the sandbox; a small hill of sand had covered it
     in the mailbox; a neighbor had found it on the road and left it there
     in the picnic basket; it had been packed away with the plates
     behind the flower pots; the cat had played with it all night
     under the old oak tree; {hero} had put it down to pick some flowers
     in the wheelbarrow; it had fallen in while they were raking leaves
     in a bird's nest; a crow liked shiny and pretty things
     under the kitchen table; the tablecloth had hidden it
     on the window sill; {hero} had left it there to watch the rain
     inside the piano; it had dropped behind the keys
     in the pocket of an old coat; {hero} had worn that coat the day before
     at the bottom of the toy box; all the other toys were on top of it
     in the tall grass; it had flown over the fence during the game
     in the bathtub; it had been left there after bath time
     next to the bus stop; it had fallen out of {hero.his} bag
     in the tree house; {hero} had taken it up there for a secret meeting
     behind the curtain; it had been part of yesterday's puppet show`,
  ),
  searched: words(`under the table, behind the door, in the kitchen, in the garden, under the blanket, in the toy box,
    behind the chair, in the closet, on the shelf, under the stairs, in the shed, in the car, behind the curtains,
    in the drawer, under the rug, in the hallway, on the porch, in the bathroom, behind the couch, in every pocket,
    under the pillow, in the basement, in the attic, inside the cupboard, beside the fireplace, near the gate,
    in the schoolbag, around the well`),
  glad: words(
    `happy, glad, very happy, so happy, proud, excited, cheerful, joyful, pleased, delighted, thankful, relieved`,
  ),
  sad: words(`sad, very sad, upset, unhappy, worried, gloomy, miserable, disappointed, heartbroken`),
  loud: words(`cried, shouted, called, yelled, exclaimed`),
  upset: words(`cried, wailed, groaned, sobbed, moaned`),
  soft: words(`said softly, whispered, said quietly, said in a small voice, mumbled, sighed`),
  quickly: words(`quickly, right away, at once, as fast as the wind, without waiting, in a hurry`),
  slowly: words(`carefully, slowly, quietly, patiently, everywhere once more, one room after another, step by step,
    without a word, high and low, in every corner`),
  bird: words(
    `bird, robin, sparrow, blackbird, owl, dove, swallow, lark, woodpecker, finch, crow, cuckoo, magpie, thrush,
    nightingale, starling, seagull, pigeon`,
  ),
  tree: words(`oak, apple, pine, cherry, willow, maple, birch, pear, chestnut, fir, walnut, elm, plum, poplar, beech`),
  flower: words(`flowers, roses, daisies, tulips, sunflowers, violets, lilies, poppies, bluebells, daffodils, snowdrops,
    buttercups, pansies, marigolds, dandelions, lavender`),
  insect: words(
    `bee, butterfly, beetle, ladybug, ant, grasshopper, dragonfly, cricket, moth, spider, caterpillar, firefly`,
  ),
  day: words(
    `One day, One morning, One sunny day, One afternoon, One evening, One Saturday, One bright morning, One Sunday,
    One warm day, One windy day, One Monday, One rainy day, One Friday, One summer day, One spring morning, One cold day,
    One cloudy Tuesday, One autumn day, One Wednesday, One winter morning, Early one Thursday`,
  ),
  later: words(
    `Soon, After a while, A little later, Then, At last, After some time, Before long, Not long after, Finally,
    In the end`,
  ),
  nature: table(
    "sentence",
    `The sun was [shining|warm|bright|high in the sky] and the sky was [blue|clear|full of small white clouds].
     {A #bird} sang in the {#tree} tree.
     {A #insect} [flew|buzzed|danced] over the {#flower}.
     The {#flower} were [blooming|opening|bright] along the path.
     The wind [played with|shook|moved] the leaves of the {#tree} tree.
     {A #bird} sat on the [fence|roof|gate|chimney] and looked down.
     Small clouds [moved|sailed|drifted] across the sky like [sheep|boats|feathers|pillows].
     The grass was [wet|soft|tall|still cold] and {a #insect} sat on a [leaf|stone|blade of grass].
     The leaves were {#color} and {#color}.`,
  ),
  detail: table(
    "sentence",
    `The air smelled of {#smell}[| and {#smell}].
     {A #adjective} {#thing} [stood by the door|lay on the ground|was on the window sill|leaned against the wall|caught the light].
     Nobody had moved the {#adjective} {#thing} [in years|since the morning|yet].
     From [outside|somewhere|next door|far away] came {#noise}.
     Only {#noise} could be heard.
     Somewhere a dog [barked|was barking] and a bell [rang|was ringing].
     Everybody was [outside|awake|busy|in a good mood].
     The street was [quiet|full of people|wet from the rain].
     A gray cat was [sleeping|washing its paws|stretching] in the sun.
     A train [whistled|rumbled|puffed] far away.
     There was {a #color} {#clothing} on the [chair|hook|line|hedge].
     For breakfast there had been [{#drink} and {a #food}|porridge with honey|toast with {#color} jam|{a #food}].`,
  ),
  treat: words(`a big hug, a warm cookie, a kiss on the cheek, a cup of hot chocolate, a gold star, a slice of cake,
    a new book, a shiny coin, an apple, a high five, a pat on the back, a bowl of strawberries, an extra story`),
  game: words(`hide and seek, tag, catch, hopscotch, leapfrog, ball, pirates, marbles, cards, dominoes, tug of war,
    knights and dragons, follow the leader, chess, hospital, school, detectives, explorers`),
  adjective: words(
    `old, big, small, round, long, shiny, wooden, heavy, soft, empty, dusty, narrow, broken, clean, painted,
    crooked, smooth, rusty, tiny, huge, striped, dark, pale, square, strange, lovely, ancient, sturdy, wobbly, polished,
    enormous, faded, carved, spotted, plain, ragged, sparkling, wrinkled, dented, gleaming, hollow, knitted, tangled,
    slippery, sticky, fluffy, curly, pointed, flat, bent, crumpled, dripping, frozen, glittering, handmade, iron,
    leather, marble, muddy, mysterious, oval, patched, scratched, silken, squeaky, steep, stuffed, tattered, tilted,
    twisted, unusual, velvet, weathered, woven, foreign, fragile, gigantic, graceful, humble, magnificent, modest,
    ordinary, peculiar, precious, remarkable, rough, splendid, spiral, stately, thick, transparent, valuable`,
  ),
  thing: words(
    `chair, table, lamp, mirror, clock, basket, ladder, bucket, candle, vase, pillow, blanket, box, barrel, bell,
    bench, bottle, bowl, broom, brush, button, cabinet, camera, carpet, cart, chest, coin, crate, cupboard, curtain,
    cushion, drawer, envelope, fan, feather, fence, flag, fountain, frame, gate, globe, hammer, hammock, handle, hook,
    jar, jug, kettle, key, knot, lantern, leaf, letter, lid, lock, mailbox, mat, mop, mug, nail, needle, net, newspaper,
    nutshell, oar, oven, paddle, pan, pebble, pedal, pencil, piano, picture, pillar, pitcher, plank, plate, pot, puddle,
    pump, purse, quilt, rack, radio, rake, rocking chair, rope, rug, sack, saddle, saucer, saw, scale, scarecrow, screw,
    shelf, shovel, sign, sled, sponge, spoon, staircase, stamp, statue, stool, stove, string, suitcase, sundial, swing,
    teapot, telephone, tent, thermometer, thimble, towel, tray, trunk, tub, typewriter, umbrella, violin, wagon, wallet,
    wardrobe, watering can, weathercock, wheel, wheelbarrow, windmill, window, wreath, yarn basket, accordion, anchor,
    armchair, axe, banjo, bicycle pump, birdcage, bookcase, calendar, cello, chandelier, chimney brush, coat hanger,
    crayon, cuckoo clock, doorbell, dustpan, easel, eraser, fireplace, fishing rod, flowerpot, footstool, gramophone,
    hairbrush, helmet, hourglass, inkwell, ladle, lighthouse lamp, mandolin, mousetrap, music stand, napkin, notepad,
    padlock, parasol, pendulum, pepper mill, postcard, pulley, ruler, sewing machine, shoehorn, skateboard, snow shovel,
    tapestry, toolbox, trampoline, tripod, trophy, turnstile, vacuum cleaner, walking stick, washboard, xylophone`,
  ),
  job: words(
    `teacher, doctor, baker, pilot, farmer, painter, sailor, singer, gardener, dancer, nurse, firefighter, builder,
    cook, astronaut, captain, magician, writer, clown, scientist, librarian, carpenter, shepherd, detective, explorer,
    musician, photographer, tailor, vet, weaver, actor, architect, astronomer, beekeeper, biologist, blacksmith,
    botanist, bus driver, chemist, conductor, dentist, designer, diver, drummer, engineer, farmhand, fisher, florist,
    geologist, goldsmith, hairdresser, inventor, jeweler, journalist, judge, juggler, lifeguard, locksmith, lumberjack,
    mechanic, miller, miner, optician, park ranger, physicist, plumber, poet, potter, printer, professor, programmer,
    puppeteer, racer, roofer, sculptor, shoemaker, surgeon, surveyor, swimmer, tightrope walker, translator, zookeeper`,
  ),
  topic: words(
    `dragons, pirates, dinosaurs, trains, castles, horses, the moon, robots, whales, knights, volcanoes, bears,
    the sea, fairies, spaceships, elephants, princesses, wolves, stars, tigers, giants, islands, witches, bees, rockets,
    penguins, planets, treasure, jungles, deserts, mermaids, owls, foxes, monsters, mountains, ships, snow, submarines,
    wizards, acrobats, airplanes, alligators, ancient Egypt, antelopes, auroras, avalanches, balloons, bandits, bats,
    bridges, buffaloes, bulldozers, cactuses, camels, canals, cathedrals, caves, cheetahs, clouds, comets, coral reefs,
    cowboys, crocodiles, crystals, dolphins, dwarfs, eagles, earthquakes, elves, emperors, engines, falcons, ferries,
    flamingos, fossils, galaxies, geysers, ghosts, giraffes, glaciers, gorillas, harbors, hermits, hippos, hurricanes,
    icebergs, iguanas, inventions, jaguars, jellyfish, labyrinths, lemurs, leopards, lightning, llamas, lobsters,
    magnets, mammoths, meadows, meteors, microscopes, mummies, octopuses, orchestras, ostriches, otters, parachutes,
    peacocks, pelicans, phantoms, polar bears, ponies, pyramids, rainbows, reindeer, rhinos, rivers, salamanders,
    scorpions, secret codes, sharks, shipwrecks, skeletons, sloths, snakes, spies, squids, storms, swamps, telescopes,
    termites, tornadoes, tortoises, toucans, trolls, tunnels, turtles, unicorns, vampires, Vikings, vultures, walruses,
    waterfalls, weasels, windmills, yaks, zeppelins`,
  ),
  smell: words(
    `fresh bread, cut grass, rain, wood smoke, warm earth, cinnamon, roses, the sea, pine needles, apples, soap,
    hay, coffee, mint, vanilla, wet leaves, honey, pancakes, lavender, candle wax, chocolate, damp wool, dust, fish,
    fried onions, garlic, ginger, lilac, moss, mushrooms, nutmeg, old books, orange peel, paint, pepper, roasted
    chestnuts, sawdust, smoke, snow, thyme, toast, tomatoes, varnish, violets`,
  ),
  noise: words(`the ticking of a clock, the creak of a swing, the hum of bees, the splash of water, a faraway train, the
    rustle of leaves, the crackle of a fire, children's laughter, the clatter of dishes, church bells, a hammer,
    a barking dog, footsteps in the hall, the chirp of crickets, the gurgle of a drain, the patter of rain, the squeak of
    a gate, the whistle of a kettle, the buzz of a fly, the rattle of a cart, the croaking of frogs, the roar of an
    engine, the bleating of sheep, a door that slammed, the drip of a tap, the flutter of wings, the howl of the wind,
    the jingle of keys, the murmur of voices, the quacking of ducks, the rumble of thunder, the scratch of a pen,
    the snore of a cat, the thud of an apple, a violin next door, the crunch of gravel, the hiss of steam`),
  vehicle: words(
    `bus, train, car, bike, boat, tram, taxi, ferry, subway, coach, carriage, van, steamboat, cable car, canoe,
    sleigh, scooter, horse cart, motorcycle, monorail`,
  ),
  warmly: words(
    `happily, warmly, brightly, proudly, shyly, softly, from ear to ear, gratefully, cheerfully, dreamily, broadly,
    merrily, gently, kindly, contentedly, mischievously, politely, secretly, sweetly, triumphantly`,
  ),
  deeply: words(
    `deeply, sadly, quietly, bitterly, heavily, miserably, loudly, helplessly, wearily, hopelessly, angrily`,
  ),
  number: words(`two, three, four, five, six, seven, ten, eight, nine, twelve, twenty`),
};
