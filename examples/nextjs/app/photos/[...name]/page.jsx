import ImgprepPicture from "../../components/imgprep-picture.jsx";

export default async function Page({ params }) {
  const { name } = await params;
  return (
    <ImgprepPicture
      name={name.map(decodeURIComponent).join("/")}
      alt="A photo"
      sizes="(max-width: 40em) 100vw, 400px"
    />
  );
}
