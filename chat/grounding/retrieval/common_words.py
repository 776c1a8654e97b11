"""Common words: how much a word of a long question says, by its general frequency in the language.

In a file on one subject the rare words are often those of the question's phrasing. The commonest words of
English, German, French and Spanish, cut to a stem's length, by what each weighs. Ranked with wordfreq 3.1
(Robyn Speer, data CC BY-SA 4.0). Knows no file.
"""

from __future__ import annotations

_WORDS = {
    0.25: """
aber about after ahora ai al all alle alles alors als also am an and andere ans any après arbeit are as
así at au auch auf aus aussi autres aux avait avec avoir años back be becaus been bei bien bin bis but by
can ce ces cette comme commen como con contra could cuando da dann dans das dass de del dem den der des
desde deutsc deux die diese dieser dit do doch donde dos du durch ein eine einem einen einer einfac el
elle en encore entre er era es eso est esta estado este esto está et faire fait first for from fue für
gegen geht get gibt go good gut ha habe haben hace hacer had has hasta hat hatte have hay he her hier him
his how ich if ihr ihre il ils im immer in into is ist it its ja je jetzt just kann keine know können la
las le les leur like lo los lui ma mais make mal man me mehr mensch mi mich mir mit moi mon more most much
muss muy my más même nach nada ne new ni nicht no noch non nos not nous now nuestr nur oder of on one only
ont or other ou our out over où par para parte pas people pero person peut plus por porque pour primer
puede qu quand que qui qué sa said sans schon se see sehr sein seine selbst ser ses she should si sich sie
sin sind so sobre solo some son sont su suis sur sus tambié te temps than that the their them then there
these they think this tiempo tiene time to todo todos tous tout trabaj très tu two um un una und une uns
unter up us va very vez viel vom von vor vous want war was way we weiter well wenn werden were what when
where which who wie wieder will wir wird with would wurde ya yo you your zu zum zur ça était été être über
""",
    0.4: """
ab accord actual acuerd además affair again agains ahí aime ainsi algo alguie alguna alguno allein allem
allen aller allerd alread always americ ancien année années anothe antes anythi aquí argent around arrive
art articl artícu assez attend aunque aurait ausser autre avais avant avons away año aún bad bajo based
beauco become bedeut before beiden beim being beispi bekann bekomm believ bereit berlin besoin besond
besser best bestim better betwee big bist bitte bon bonne both brauch buen buena bueno bundes busine ca
cada call called cambia cambio came car care cas casa case casi caso cela celle celui centro certai cet
ceux change chaque cherch chez chose christ city ciudad come commun compan compar comple compre compte
comuni connai conoce conoci consei consid contin contre contro cosa cosas countr coup cours creo cual
cualqu cuenta cultur curren cómo côté dabei dafür damit danke darauf darf davon day days dazu debe decir
deine demand denen denn dentro depuis derech dernie derniè desarr design despué develo dice dich did dies
diesem diesen dieses difere differ différ dijo dios dir dire direct direkt does doing doit donc done dont
dort down drei droit durant during déjà día días each eigene eigent eines einige einmal ejempl ella elles
ellos empres encont encuen end ende enfant enough entend entonc entrep entsch entwic equipo eres erfolg
erklär erst erste ersten esa escrib escuch ese esos españa españo especi espera estaba estamo estar estas
estos estoy estudi están etwa etwas eu euch eux even ever every everyt exempl existe experi fais fall
famili famill family far fast faut feel femme few fin final find finden fois folgen follow foncti forma
found four frage france frança frau frauen free freund friend fuera fueron full funcio gab game ganz gar
geben gehen gehört geld gemach gemein genau genera genre gens gente gerade geschi gettin give glaube
gleich gobier god going got gouver govern gracia gran grand grande great grosse group groupe grupo guerra
gute généra hab haber hablar había hacia han happen hard hast hatten having head health hecho help here
herman heute high hinter histoi histor hizo hombre home homme house howeve hoy hätte ici ihm ihn ihnen
ihrem ihren ihrer import includ inform ins intent intere intern ir irgend jahr jahre jahren jamais jeden
jeder jedoch jemand job jour jours juste kam kannst keep kein keinen kinder klar kleine kommen kommt
konnte könnte lado laisse lange lassen last leben lebens left let letzte leurs leute ley liegt lieu life
little live llegar long look lookin lors lot love luego lugar là machen macht made mainte maison making
manage manera mann many mas may mayor mean medio meille mein meine meinen meiner meiste mejor member men
menos merci mes mettre mientr mieux might minist mis misma mismo mittel moins mois moment monde money
morgen mort mr muchas mucho muchos mujer mujere mundo music musste must méxico möchte möglic müssen nacion
nadie name nation natürl necesi need nein neue neuen never next nichts nie night noche nom nombre nosotr
nothin notre nouvea nouvel nueva nuevo number nun nunca nächst número ob off office ohne old once operat
organi otra otras otro otros oui own paar palabr parce parece paris parler part partic partid partie
pasado passe passer pays país pendan pense pequeñ perfor permet permit petit petite peu peux place play
player please plusie poco podemo poder podría point politi políti positi possib pourqu pourra pouvoi power
pregun premie premiè prendr presen presid princi prix proble problè produc produi profes progra projet
propos provid proyec présen présid public pueblo pueden puedo pues puis punto put públic quelqu questi
quien quiere quiero quoi raison rappor read real realiz really reason recht rechts record regard relaci
relati rencon report repres représ respon reste result retour retrou richti rien right région sagen sagt
saint sais same savoir say schnel school schrei schwei schwer schön sea season second seen segund según
sehen sei seinem seinen seiner seit selon semain semana sens sera serait servic será set seul show sicher
side sido sieht siempr siguie simple since sino sistem small social sociét sogar soit solche soll sollen
sollte someon someth sonder sous souven sowie soy sozial spiele später stadt start state states stehen
steht stelle still stop strass stunde such suite suppor sure system sí sólo ta tag take tal tan tant tanto
team teil tell tenemo tener tengo tenía termin thing things those though three throug tienen times tipo
toda todas today toi told ton too took top toujou toute toutes travai tres trois trop trouve try tun tus
tête uhr under unders univer uno unos unsere untern unters until use used utilis vais veces ver verdad
verein vers versch verste versuc veut veux vida vie viele vielen vielle ville voir vos votre voy vrai
vraime vu waren warum wasser water week weg wegen weil weiss welche welt wenige went wer werde while white
why wichti wirkli wissen withou wo wohl wollen wollte women worden work world wurden währen wäre würde
year years yes yet zeit zurück zusamm zwar zwei zweite zwisch économ égalem él équipe étaien état último
""",
    0.6: """
abend abiert able above accept accoun acepta acerca across act action activi actuel additi admini afin age
agit ago agua ah aide ailleu air aktuel algún allema allez allgem allá allí almost along alte alten alter
althou alto amerik amigo amigos amis among amor amount amour améric anders anfang angebo anglai annonc
anschl answer ante anteri antigu antwor anunci anyone aparec aplica apoyo appare appart appear appell
appren aprend aquell area arrivé arrête artike asesin asi ask asked asocia associ atenci attack attaqu
attein attent aucun aucune augen augmen aument aura ausges aussch austra autant auteur author auto autori
autour avaien availa averag avez avis ayant ayuda ayudar baby bald bas base bastan bayern beau beauti
beginn behind beide belle benefi benutz bereic berich beschr beschä besitz beste besteh besten besuch
betrie bezeic bezieh bild bilder bisher bissch bit black bleibe bleibt board body book bring bringe bringt
brothe buch buenas buenos buildi buscar buy bzw bürger cabeza calle camino cantid capita cara casos cause
celebr center centra centre cepend cerca chambr champi chance charac charge check chef child childr chile
choisi choix choses church ci cierto cinco cinq claro clase class classe clear close club co collec colleg
colomb combat coment comenz comerc comes comien coming comman commer commis commit common compag compañ
compet compos compra compri compro concer condic condit connec conseg consej consta consti constr conten
contrô conven conver corazó corps cost couple course court create critic critiq crois cuanto cuatro cuerpo
cuesti cumpli cut dado daher damals danach dank dar daran darum darübe data date datos deal death deben
deberí debido decide decidi decisi declar defens defini dein deja dejar demasi democr demás denke denken
depart deport deren descri descub deshal dessen dessus deutli deuxiè devant devien devrai dicen dicho
diciem died dienst dieu diffic difíci digo dinero dinge dio direcc dis discus dispos distin distri divers
docume donne donner donné doute dr dritte droite due durchs dès début déclar découv défini départ dévelo
dürfen early easy eau eben ebenfa echt econom económ edad educac educat efecto effect effet egal eher
einges einzel einzig either elecci electi electr ello else eltern embarg empeza emploi employ encant
endlic energy enferm enfin engine englis enseig ensemb ensuit entfer entien entire entreg entspr enviro
eran erfahr ergebn erhalt erinne erkenn ernst erreic erwart erzähl esas escrit escuel espaci espero essen
establ estás etc euro europa europe europä europé everyo exampl expect explai explic expliq expres expéri
eyes face facile fact fahren faisai faites falsch falta fand father favor façon featur federa feelin
femmes fest field fight figure fille film fils finale financ finanz finde findet fine finish fire five
flücht folge fond font food force forder form format forme former fort foto fotos fragen franci frankf
franço frei frente front früher fuck fuckin fuente fuerte fuerza fun funkti furthe fut future futuro fácil
führen fünf games ganze ganzen gauche gave gefund gefühl gegebe gegenü genug gerich german gerne gesagt
gesamt gesche geschl geschä gesehe gesell gesetz gesich gesund gets gewese gewinn geword gilt ging girl
given glück goes gonna gott grands gros gross ground grund grunds gruppe grâce grösse grösst gründe guerre
gusta guten guy guys habita habla hablan hacen hacerl hacien half halt halten hambur hand handel happy
haus haut haya hear heard heart heisst held hemos heraus herr heure heures heureu hijo hijos hilfe himsel
hin hit hoch hola hommes hope hora horas hours hubier humain human humano hätten häufig iba idea idee
identi idée iglesi igual ii imagen imagin impres improv inclus incluy increa indepe indivi indust inglés
inicia inside instea instit integr interv intére intéri intérê invest involv issue jahres jean jede jedes
jeu jeune jeunes jeweil john josé jouer joueur journa journé juan juego jugend juille juin julio june
junge junto justic kaum keiner kennen kids killed kind kirche klasse knew known kommun komple kopf kosten
kranke kultur kurz körper künstl land landes lang langue large largo late later laut law lead leader least
leave leicht leider leistu lengua lesen less level libert libre libro liebe lieber liegen light ligne
likely line lire list lista listen litera living livre llamad llevar local loi loin london longte longue
looks lorsqu lost low luz länder lässt línea madre madrid mag mai main major makes manche manièr mano
manos manque manten march marche marché market marque mars marzo match materi matin matter mauvai maybe
mayo mayorí mañana means mec media medica medida medios meet meetin mehrer meinem meinun mejore membre
mensaj mercad merde meses messag mesure mexica middle miedo miembr mierda mil milieu milita millio millon
mind minute minuto mise miss mitarb mitgli monate month months montre mornin mot mother mouvem move movimi
moyen mucha muerte muerto muestr mundia munici musik musiqu mutter myself mädche männer mère mí música
münche nachde nachri nacht namen natura nature near neben necesa needs negoci nehmen neu neues news nice
nieder nieman ningun ningún niveau nivel niños nord normal norte north notamm notici nuit nécess oben
objeti obliga obra octubr offici oficia oft often oh ojos online open oportu opérat orden order ordre
origin ort os others ouais oublie outsid ouvert padre parent parfai parfoi parle parmi partag partei parti
partir party pasa pasar paso passie passé past patien pay paz países peine pelícu pensar peor per perfec
period persön pesar peur peuven phone physic pictur pierre plan platz played playin plein plutôt poblac
points police policí polize poner popula porte posibl post pourta practi pratiq precio prend preocu prepar
presqu pretty previo price pris privad privat pro probab proces procha produk profit projec projek proper
propia propie propio propre propri protec provin prozen prueba prácti präsid près précis prépar próxim pu
publiq publis publié pueda puedes puerta puesto página père périod qualit quatre queda quedar quel quelle
quiene quiera quite quién québec rapide rappel rather razón re ready realid realme receiv recent recher
rechte recibi reconn recono recuer red regier region regist regres regula releas religi remain rememb
rendre requir resear respec respet respue rest rester return review rey richtu risque road room rue run
rund runnin russia réalis répond répons républ réseau résult réussi sabe saber sabes sache sagte saison
sait salir salud san santé saw saying says schaff schein scheis schick schlec schlie schlim schuld schule
schwar schöne secret sector securi seems seguir seguri seguro seite seiten self semble sentid septem serie
series seriou seront sería seule seulem severa sex señor share shit short shot shows siendo siento signif
sigue simila single site sitio situac situat six siècle socied societ sofort sohn soir someti sommer
sommes somos song sonst soon sorpre sortir souhai source south space spass spd specia specif spiel spielt
sprach sprech sprich spécia st staats stand standa stark starte statt stay stellt steuer stimme stimmt
story street strong studen studie study succes sud suerte sufici sugges suivan sujet summer super supues
surtou systèm sé sécuri série sérieu sûr tage taken taking talk talkin tampoc tard tarde techni techno
tecnol tellem tema tercer term terre tes thank thanks thema thinki third ti tienes tierra titre todaví
togeth tomar total tour toward town train traite transf transp tras trata travel traver través treffe
trotzd trouvé truc true trying turn tuvo tv type técnic tú unas unidos unis united unser usa using uso
usted utiliz valeur vamos van varias varios vas vater ve venezu veo verant verbin verbre verdie verfüg
verges vergle verkau verlie verlor vertei vertra vertre verwen veröff vi video vidéo viene vient vier
visita vista visto vite vivir vivre voilà vois voit voitur voix volver vont vorbei vorste voulai voyage
voz vue vuelta wahrsc wait wanted wants watch web weit wenig west whethe whole wife win wirtsc within
woche wochen wohnun woman won wonder word words workin works wort wrong wunder wünsch würden yeah yeux
york young yourse zeigen zeigt ziemli zona zukunf zunäch ähnlic école écoute écrit électr époque établi
étais étant étrang êtes öffent österr última único überha überle übrige
""",
}
_RARENESS = {word: weight for weight, words in _WORDS.items() for word in words.split()}


def find_rareness(term: str) -> float:
    """Return 1 for a term that is not common, less for a common one."""
    return _RARENESS.get(term, 1.0)
